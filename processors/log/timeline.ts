import { addToDigest, type Digest, emptyDigest, isEmptyDigest, toEvidenceHash } from '../digest.ts';
import type { Contribution, Totals } from '../indicator.ts';

/** Counts by counter and the digest, or how both differ between two minutes. Counters that stand at 0 are left out. */
interface Tally {
  readonly counts: Map<string, number>;
  readonly digest: Digest;
}

const emptyTally = (): Tally => ({ counts: new Map(), digest: emptyDigest() });
const isEmpty = (tally: Tally): boolean => tally.counts.size === 0 && isEmptyDigest(tally.digest);

const addCount = (tally: Tally, counter: string, change: number): void => {
  const count = (tally.counts.get(counter) ?? 0) + change;
  if (count === 0) tally.counts.delete(counter);
  else tally.counts.set(counter, count);
};

const addTally = (tally: Tally, other: Tally, sign: 1 | -1): void => {
  for (const [counter, count] of other.counts) addCount(tally, counter, sign * count);
  addToDigest(tally.digest, other.digest, sign);
};

/** A length is a counter too, so that the longest of any minute can be told, and what it was before a change. */
const lengthPrefix = 'length ';

/** `hash`: that of the contribution's evidence, which is taken once however many minutes it is added to. */
const addContribution = (tally: Tally, contribution: Contribution, hash: Digest | undefined, sign: 1 | -1): void => {
  for (const counter of contribution.counters) addCount(tally, counter, sign);
  if (contribution.length !== undefined) addCount(tally, `${lengthPrefix}${contribution.length}`, sign);
  if (hash !== undefined) addToDigest(tally.digest, hash, sign);
};

export interface MinuteTotals extends Totals {
  readonly digest: Digest;
}

const toTotals = (tally: Tally): MinuteTotals => ({
  count: (counter) => tally.counts.get(counter) ?? 0,
  longest: () => {
    let longest: number | null = null;
    for (const counter of tally.counts.keys()) {
      if (!counter.startsWith(lengthPrefix)) continue;
      longest = Math.max(longest ?? 0, Number(counter.slice(lengthPrefix.length)));
    }
    return longest;
  },
  digest: tally.digest,
});

export interface ChangedMinute {
  readonly minute: number;
  readonly before: MinuteTotals;
  readonly now: MinuteTotals;
}

/**
 * The totals of an indicator at every minute, kept as differences from one minute to the next, so that an event costs
 * the same however many minutes it is in. A cursor walks to the minute that is asked for; mostly that is the next one.
 */
export interface Timeline {
  add(contribution: Contribution): void;
  remove(contribution: Contribution): void;
  /** Totals at a minute T, valid until the next call of anything. */
  at(minute: number): MinuteTotals;
  /** The settled minutes whose totals are no longer what they were, ascending; they count as settled anew. */
  changed(): Iterable<ChangedMinute>;
  /** Everything up to `newest` has been read from now on, and nothing before `oldest` will be asked for again. */
  settle(newest: number, oldest: number): void;
}

export const createTimeline = (): Timeline => {
  const steps = new Map<number, Tally>();
  let changes = new Map<number, Tally>();
  let totals = emptyTally();
  let cursor: number | undefined;
  let newest = Number.NEGATIVE_INFINITY;
  let oldest = Number.NEGATIVE_INFINITY;

  const stepAt = (map: Map<number, Tally>, minute: number): Tally => {
    let step = map.get(minute);
    if (step === undefined) {
      step = emptyTally();
      map.set(minute, step);
    }
    return step;
  };

  const apply = (contribution: Contribution, sign: 1 | -1): void => {
    const from = Math.max(contribution.from, oldest);
    const { to } = contribution;
    if (to <= from) return;
    const { evidence } = contribution;
    const hash = evidence === undefined ? undefined : toEvidenceHash(evidence);
    const opposite = sign === 1 ? -1 : 1;
    addContribution(stepAt(steps, from), contribution, hash, sign);
    addContribution(stepAt(steps, to), contribution, hash, opposite);
    if (cursor !== undefined && from <= cursor && cursor < to) addContribution(totals, contribution, hash, sign);
    if (from <= newest) {
      addContribution(stepAt(changes, from), contribution, hash, sign);
      addContribution(stepAt(changes, Math.min(to, newest + 1)), contribution, hash, opposite);
    }
  };

  const moveTo = (minute: number): void => {
    if (cursor === undefined) {
      totals = emptyTally();
      for (const [at, step] of steps) if (at <= minute) addTally(totals, step, 1);
      cursor = minute;
    }
    for (; cursor < minute; cursor += 1) {
      const step = steps.get(cursor + 1);
      if (step !== undefined) addTally(totals, step, 1);
    }
    for (; cursor > minute; cursor -= 1) {
      const step = steps.get(cursor);
      if (step !== undefined) addTally(totals, step, -1);
    }
  };

  return {
    add: (contribution) => apply(contribution, 1),
    remove: (contribution) => apply(contribution, -1),
    at: (minute) => {
      moveTo(minute);
      return toTotals(totals);
    },
    *changed() {
      if (changes.size === 0) return;
      const taken = changes;
      changes = new Map();
      const edges = [...taken.keys()].sort((a, b) => a - b);
      const difference = emptyTally();
      for (const [index, edge] of edges.entries()) {
        addTally(difference, taken.get(edge) as Tally, 1);
        if (isEmpty(difference)) continue;
        for (let minute = edge; minute < (edges[index + 1] ?? edge); minute += 1) {
          moveTo(minute);
          const before: Tally = { counts: new Map(totals.counts), digest: [...totals.digest] };
          addTally(before, difference, -1);
          yield { minute, before: toTotals(before), now: toTotals(totals) };
        }
      }
    },
    settle: (newestRead, oldestAsked) => {
      newest = newestRead;
      if (oldestAsked <= oldest) return;
      // A cursor that stays behind would meet again what it has counted, in the first step.
      if (cursor !== undefined && cursor < oldestAsked) moveTo(oldestAsked);
      // What lies before is part of every total that can still be asked for: it becomes the first step.
      const base = emptyTally();
      const take = (at: number): void => {
        const step = steps.get(at);
        if (step === undefined) return;
        addTally(base, step, 1);
        steps.delete(at);
      };
      // Mostly one minute passes, so the minutes are asked for and not the steps, of which there are thousands.
      if (oldestAsked - oldest < steps.size) for (let at = oldest; at <= oldestAsked; at += 1) take(at);
      else for (const at of steps.keys()) if (at <= oldestAsked) take(at);
      oldest = oldestAsked;
      steps.set(oldest, base);
    },
  };
};
