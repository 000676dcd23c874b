import { describe, expect, it } from 'vitest';
import { staleLogMs } from '../../cli/queries/kris.ts';
import { createQueries } from '../../cli/queries/queries.ts';
import { renderReport } from '../../cli/render/report.ts';
import { renderWhy } from '../../cli/render/why.ts';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { factsHeader } from '../../schemas/facts-header.ts';
import { readingKey, toVersion } from '../../schemas/reading.ts';
import { type Run, runKey } from '../../schemas/run.ts';
import { hourMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import {
  deadLettersTopic,
  readingsTopic,
  runsTopic,
  systemLogTopic,
  userSnapshotsTopic,
} from '../../schemas/topics.ts';
import { ago, denyPush, noon } from '../processors/events.ts';
import { org } from '../processors/given.ts';
import {
  createProcessedBus,
  eventRecord,
  factorsRecord,
  progressRecord,
  sweepRecord,
  userRecord,
} from '../processors/topic-records.ts';
import { configOf, environmentOf } from './command-context.ts';

const slug = 'okta_failed_mfa_push_24h';
const logProgress = (atMs = noon) => progressRecord(systemLogTopic.name, atMs);

const create = () => {
  const processed = createProcessedBus();
  const config = configOf(environmentOf('/nowhere'));
  return { ...processed, queries: createQueries({ config, ...processed }) };
};

const toValue = (topic: string, key: string, value: unknown): OutgoingRecord => ({
  topic,
  org,
  key,
  value: Buffer.from(JSON.stringify(value)),
});

describe('kris', () => {
  it('gives the newest reading of each KRI, whether it is final, and its age by the clock of the process', async () => {
    const { process, clock, queries } = create();
    await process(eventRecord(denyPush(ago({ hours: 1 }))), logProgress());
    clock.advance(90_000);
    const [answer] = await queries.kris(undefined);
    expect(answer?.report).toMatchObject({ org, asOf: toTimestamp(noon) });
    expect(answer?.report.readings.map((reading) => reading.slug)).toEqual([
      'okta_impossible_travel_24h',
      'okta_admin_session_outliers_24h',
      slug,
    ]);
    expect(answer?.report.readings.at(-1)).toMatchObject({
      value: 1,
      definition: 'draxis',
      asOf: toTimestamp(noon),
      final: false,
      revised: false,
      stale: false,
      ageSeconds: 90,
      lastPush: null,
    });
  });

  it('calls a reading revised when there is a later version of it', async () => {
    const { bus, process, queries, readings } = create();
    await process(logProgress());
    const revisedOf = async () => (await queries.kris(org))[0]?.report.readings.map(({ revised }) => revised);
    expect(await revisedOf()).toEqual([false, false, false]);
    const [first] = await readings();
    if (first === undefined) throw new Error('There is no reading.');
    const again = (version: string) =>
      toValue(readingsTopic.name, readingKey(org, first.slug, first.asOf), { ...first, version });
    await bus.publish([again(first.version)]);
    expect(await revisedOf()).toEqual([false, false, false]);
    await bus.publish([again(toVersion(1, 0))]);
    expect(await revisedOf()).toEqual([true, false, false]);
  });

  it('calls a log reading stale after 15 minutes, posture after two sweeps, and says so to people', async () => {
    const { process, clock, queries } = create();
    await process(logProgress());
    await process(
      userRecord('00u1', 'ACTIVE'),
      factorsRecord('00u1', ['push']),
      sweepRecord('users', 1),
      sweepRecord('factors', 1),
      progressRecord(userSnapshotsTopic.name, noon),
    );
    const staleAfter = async (ms: number) => {
      clock.advance(ms);
      const [answer] = await queries.kris(org);
      const text = answer === undefined ? '' : renderReport(answer.view);
      const stale = answer?.report.readings.filter((reading) => reading.stale).map((reading) => reading.slug) ?? [];
      expect(stale.every((name) => text.includes(`${name} is stale`))).toBe(true);
      return stale;
    };
    expect(await staleAfter(staleLogMs)).toEqual([]);
    expect(await staleAfter(1)).toHaveLength(3);
    expect(await staleAfter(2 * hourMs - staleLogMs - 1)).toHaveLength(3);
    expect(await staleAfter(1)).toHaveLength(6);
  });

  it('tells the last answer of Draxis', async () => {
    const { process, store, queries } = create();
    await process(logProgress());
    const last = { asOf: toTimestamp(noon), value: 3, outcome: 'refused', text: 'no such KRI' };
    const state = { candidates: [], acked: null, attempted: toTimestamp(noon), last, revisionsNotPushed: 0 };
    const changes = new Map<string, unknown>([[`${org}/${slug}`, state]]);
    await store.commit('draxis', 0, { offset: 0, changes, records: [] });
    const [answer] = await queries.kris(org);
    expect(answer?.report.readings.map(({ lastPush }) => lastPush)).toEqual([null, null, last]);
  });

  it('has an answer before there is any reading', async () => {
    const [answer] = await create().queries.kris(org);
    expect(answer?.report).toEqual({ org, asOf: null, readings: [] });
    expect(answer === undefined ? '' : renderReport(answer.view)).toContain('Nothing was computed yet');
  });

  it('refuses an org that is not configured, and names the nearest', async () => {
    await expect(create().queries.kris('acmee')).rejects.toMatchObject({
      code: 'usage-invalid',
      hint: 'Did you mean acme?',
    });
  });
});

describe('why', () => {
  it('explains the newest reading, or the one at or before a moment', async () => {
    const { process, queries } = create();
    await process(eventRecord(denyPush(ago({ hours: 1 }))), logProgress());
    await process(eventRecord(denyPush(noon + 1000)), logProgress(noon + 3 * minuteMs));
    const asOfAt = async (atMs: number | undefined) => {
      const [report] = await queries.why({ org, slug, atMs });
      return [report?.asOf, report?.counted.draxis];
    };
    expect(await asOfAt(undefined)).toEqual([toTimestamp(noon + 3 * minuteMs), 2]);
    expect(await asOfAt(noon + 59_999)).toEqual([toTimestamp(noon), 1]);
    expect(await asOfAt(noon + minuteMs)).toEqual([toTimestamp(noon + minuteMs), 2]);
    await expect(queries.why({ org, slug, atMs: noon - 1 })).rejects.toMatchObject({ code: 'data-invalid' });
  });

  it('gives as many items as are wanted, and always how many there are', async () => {
    const { process, queries } = create();
    const denials = [1, 2, 3].map((id) => eventRecord(denyPush(ago({ hours: id }), { actor: `00u${id}` })));
    await process(...denials, logProgress());
    const [report] = await queries.why({ org, slug, atMs: undefined, limit: 2 });
    expect(report).toMatchObject({ total: 3, truncated: true, matches: true });
    expect(report?.items.map((item) => ('user' in item ? item.user : ''))).toEqual(['00u1', '00u2']);
    const text = report === undefined ? '' : renderWhy(report);
    expect(text).toContain('2 of 3 are shown; --json lists all.');
    expect(text).toContain('What is counted: 3 draxis, 3 corrected.');
  });

  it('prints nothing of Okta that moves the cursor or hides', async () => {
    const { process, queries } = create();
    const name = 'eve\u001b[2J\u202e@example.org';
    const denial = denyPush(ago({ hours: 1 }), { actor: '00ueve' });
    await process(eventRecord({ ...denial, actor: { ...denial.actor, alternateId: name } }), logProgress());
    const [report] = await queries.why({ org, slug, atMs: undefined });
    const text = report === undefined ? '' : renderWhy(report);
    expect(text).toContain('eve@example.org (00ueve)');
  });
});

describe('runs', () => {
  const run = (id: string, startedMs: number, more: Partial<Run> = {}): OutgoingRecord =>
    toValue(runsTopic.name, runKey(more.org ?? org, id), {
      id,
      org,
      trigger: 'once',
      started: toTimestamp(startedMs),
      ended: null,
      rowsWritten: 0,
      rowsSkipped: 0,
      fetched: {},
      error: null,
      ...more,
    });

  it('are the newest first, each as it was last told, of the asked org alone', async () => {
    const { bus, queries } = create();
    await bus.publish([
      run('a', noon),
      run('b', noon + 1),
      run('other', noon + 2, { org: 'umbrella' }),
      run('a', noon, { rowsWritten: 7, ended: toTimestamp(noon + 5) }),
    ]);
    const runs = await queries.runs(org);
    expect(runs.map(({ id, rowsWritten }) => [id, rowsWritten])).toEqual([
      ['b', 0],
      ['a', 7],
    ]);
  });
});

describe('dead letters', () => {
  const letter = (id: string, origin: string, bytes: Buffer | string, more: Partial<DeadLetter> = {}): OutgoingRecord =>
    toValue(deadLettersTopic.name, origin, {
      id,
      org,
      origin,
      reason: 'because',
      at: toTimestamp(noon),
      minute: null,
      bytes: Buffer.from(bytes).toString('base64'),
      truncated: false,
      ...more,
    });
  const logOrigin = 'GET /api/v1/logs';
  const usable = JSON.stringify(denyPush(ago({ hours: 1 }), { uuid: 'mended' }));

  it('are the newest first, the same record once, of the asked org alone', async () => {
    const { bus, queries } = create();
    await bus.publish([
      letter('aa1', logOrigin, '{}'),
      letter('ab2', logOrigin, '{"x":1}', { at: toTimestamp(noon + 1) }),
      letter('aa1', logOrigin, '{}', { at: toTimestamp(noon + 2) }),
      letter('other', logOrigin, '{}', { org: 'umbrella' }),
    ]);
    expect(await queries.deadLetters(org)).toEqual([
      expect.objectContaining({ id: 'aa1', size: 2, at: toTimestamp(noon + 2) }),
      expect.objectContaining({ id: 'ab2', size: 7 }),
    ]);
  });

  it('are found by as much of the id as tells them apart', async () => {
    const { bus, queries } = create();
    await bus.publish([letter('aa1', logOrigin, '{}'), letter('ab2', logOrigin, '{}')]);
    expect(await queries.deadLetter('ab', org)).toMatchObject({ id: 'ab2' });
    await expect(queries.deadLetter('a', org)).rejects.toMatchObject({ code: 'usage-invalid' });
    await expect(queries.deadLetter('b', org)).rejects.toMatchObject({ code: 'data-invalid' });
    await expect(queries.deadLetter('', org)).rejects.toMatchObject({ code: 'data-invalid' });
  });

  it('of the System Log go back to it with their facts, and twice changes no reading', async () => {
    const { bus, process, queries, readings } = create();
    await bus.publish([letter('aa1', logOrigin, usable)]);
    expect(await queries.redrive('aa1', org)).toMatchObject({ redriven: true, topic: systemLogTopic.name });
    expect(await queries.redrive('aa1', org)).toMatchObject({ redriven: true });
    const appended = [];
    for await (const records of bus.read(systemLogTopic.name, 0, 0)) appended.push(...records);
    expect(appended).toHaveLength(2);
    expect(appended[0]).toMatchObject({ key: org, value: Buffer.from(usable) });
    expect(appended[0]?.headers[factsHeader]).toContain('mended');
    await process(logProgress());
    expect((await readings()).find((reading) => reading.slug === slug)?.draxis.value).toBe(1);
  });

  it.each([
    ['an event that is still unusable', logOrigin, '{"uuid":"x"}', {}, 'published'],
    ['what is no JSON', logOrigin, '{"uuid', {}, 'not JSON'],
    ['a record that was cut', logOrigin, usable, { truncated: true }, 'only its beginning'],
    ['what a sweep asks for again', 'GET /api/v1/users', '{"id":"00u1"}', {}, 'next sweep'],
    ['a progress record', systemLogTopic.name, '{"kind":"progress"}', {}, 'newer records'],
    ['a record of another shape', userSnapshotsTopic.name, '{"kind":"user"}', {}, 'shape'],
  ])('refuses %s and says why', async (_, origin, bytes, more, why) => {
    const { bus, queries } = create();
    await bus.publish([letter('aa1', origin, bytes, more)]);
    const result = await queries.redrive('aa1', org);
    expect(result).toMatchObject({ redriven: false, topic: null, reason: expect.stringContaining(why) });
    expect(await bus.endOffset(systemLogTopic.name, 0)).toBe(0);
    expect(await bus.endOffset(userSnapshotsTopic.name, 0)).toBe(0);
  });

  it('of a sink go back to their topic under the key that they had', async () => {
    const { bus, queries } = create();
    const record = factorsRecord('00u1', ['push']);
    await bus.publish([letter('aa1', userSnapshotsTopic.name, record.value)]);
    expect(await queries.redrive('aa1', org)).toMatchObject({ redriven: true, topic: userSnapshotsTopic.name });
    for await (const [sent] of bus.read(userSnapshotsTopic.name, 0, 0)) {
      expect(sent).toMatchObject({ key: record.key, value: record.value });
    }
  });
});
