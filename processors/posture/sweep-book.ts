import type { Sweep, SweepKind } from '../../schemas/progress.ts';

/** True when the sweep has read everything it wanted: who it did not see is gone. */
export const isComplete = ({ completed, state, wanted, read }: Sweep): boolean =>
  completed !== null && state === 'ok' && (wanted === null || read >= wanted);

interface Page {
  readonly current: Sweep;
  /** The last sweep that read everything it wanted. */
  readonly complete: Sweep | null;
}

/** The newest sweep record of each kind, and the last complete one. */
export const createSweepBook = () => {
  const pages = new Map<SweepKind, Page>();
  return {
    load: (kind: SweepKind, page: unknown): void => {
      pages.set(kind, page as Page);
    },
    /** Returns what is to be saved. */
    fold: (sweep: Sweep): Page => {
      const complete = isComplete(sweep) ? sweep : (pages.get(sweep.sweep)?.complete ?? null);
      const page: Page = { current: sweep, complete };
      pages.set(sweep.sweep, page);
      return page;
    },
    current: (kind: SweepKind): Sweep | undefined => pages.get(kind)?.current,
    hasCompleted: (kind: SweepKind): boolean => (pages.get(kind)?.complete ?? null) !== null,
    /** When the last complete sweep began: what was observed before it and not since is absent. */
    completeBeganMs: (kind: SweepKind): number => {
      const complete = pages.get(kind)?.complete ?? null;
      return complete === null ? Number.NEGATIVE_INFINITY : Date.parse(complete.began);
    },
  };
};
