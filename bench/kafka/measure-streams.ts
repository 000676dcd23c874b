import { systemClock } from '../../runtime/clock.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import type { Figure } from '../figure.ts';
import { eventsFile } from '../make-events.ts';
import type { Engines } from './engines.ts';
import { fillFrom } from './fill.ts';
import type { Measured, Target } from './job.ts';
import { connectClickHouse, createTopics, openBus, type Place } from './place.ts';
import { median, toRange } from './range.ts';
import { startWorker } from './worker.ts';

export const eventsPerDay = 1_000_000;
const warmUpEvents = 20_000;
const partitions = 12;
const pollMs = 200;

const rateOf = ({ records, cpuSeconds }: Measured): number => records / cpuSeconds;
const toRate = (rates: readonly number[]): string => `${Math.round(median(rates) / 1_000)}k/s`;

export const toPlace = ({ brokers, clickHouseUrl }: Engines, prefix: string, orgs: readonly string[]): Place => ({
  brokers,
  clickHouseUrl,
  prefix,
  orgs,
});

/** Forgets what processors saved, so that the next ones begin at the log's beginning. */
export const forget = async (engines: Engines): Promise<void> => {
  const client = connectClickHouse(engines);
  await client.command({ query: 'TRUNCATE TABLE processor_state' });
  await client.close();
};

/** Waits until the processors have acked so many records of the log, and more in `also`. */
export const untilAcked = async (place: Place, also?: () => Promise<boolean>): Promise<void> => {
  const bus = await openBus(place);
  for (let isDone = false; !isDone; ) {
    await systemClock.sleep(pollMs);
    isDone = true;
    for (let partition = 0; partition < partitions && isDone; partition += 1) {
      const end = await bus.endOffset(systemLogTopic.name, partition);
      if (end === 0) continue;
      isDone = ((await bus.committed(systemLogTopic.name, partition, 'processors')) ?? -1) + 1 === end;
    }
    if (isDone && also !== undefined) isDone = await also();
  }
  await bus.close();
};

/** So many processes fold a target side by side; what each of them did. */
export const foldTogether = async (
  engines: Engines,
  { warmUp, target, processes }: { warmUp: Target; target: Target; processes: number },
): Promise<readonly Measured[]> => {
  await forget(engines);
  const workers = Array.from({ length: processes }, () => startWorker({ name: 'fold', warmUp, target }));
  await Promise.all(workers.map((worker) => worker.has(partitions / processes)));
  for (const worker of workers) worker.order('go');
  await untilAcked(target.place);
  for (const worker of workers) worker.order('stop');
  return Promise.all(workers.map((worker) => worker.result<Measured>()));
};

/** Groups and topics are used once: a second fold of a place would begin where the first ended. */
const fillRounds = async (engines: Engines, name: string, orgs: readonly string[], file: string, rounds: number) => {
  const targets: Target[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const place = toPlace(engines, `${name}-${round}.`, orgs);
    const { records } = await fillFrom(place, file, orgs.length > 1 ? 100 : undefined);
    targets.push({ place, records });
  }
  return targets;
};

/**
 * Records per CPU-second of one process, as ratios of what kafkajs does alone with the same bytes in the same run. Each
 * measurement has a process of its own, and rounds alternate; medians count.
 */
export const measureStreams = async (
  engines: Engines,
  options: { events: number; rounds: number },
): Promise<readonly Figure[]> => {
  const { events, rounds } = options;
  const warmUpFile = await eventsFile(warmUpEvents, eventsPerDay);
  const file = await eventsFile(events, eventsPerDay);
  const [warmUp] = await fillRounds(engines, 'warm', ['warm'], warmUpFile, 1);
  const targets = await fillRounds(engines, 'live', ['live'], file, rounds);
  const sent = toPlace(engines, 'sent.', ['live']);
  await createTopics(sent);
  const rates = { count: [] as number[], fold: [] as number[], send: [] as number[], ingest: [] as number[] };
  const parsed: number[] = [];
  if (warmUp === undefined) throw new Error('Nothing to warm up with.');
  for (const target of targets) {
    rates.count.push(rateOf(await startWorker({ name: 'count', warmUp, target }).result<Measured>()));
    const [folded] = await foldTogether(engines, { warmUp, target, processes: 1 });
    if (folded?.records !== target.records) throw new Error('The processors did not fold every record once.');
    rates.fold.push(rateOf(folded));
    const sending = { place: sent, warmUpFile, file };
    rates.send.push(rateOf(await startWorker({ name: 'send', ...sending }).result<Measured>()));
    rates.ingest.push(rateOf(await startWorker({ name: 'ingest', ...sending, parses: true }).result<Measured>()));
    parsed.push(rateOf(await startWorker({ name: 'ingest', ...sending, parses: false }).result<Measured>()));
  }
  const ratios = (of: readonly number[], to: readonly number[]) => of.map((rate, at) => rate / (to[at] ?? rate));
  const figure = (what: string, found: readonly number[], target: number): Figure => ({
    what: `${what} (${toRange(found)})`,
    measured: median(found).toFixed(2),
    target: `>= ${target}`,
    passes: median(found) >= target,
  });
  const ingest = ratios(rates.ingest, rates.send);
  return [
    { what: 'A consumer that only counts', measured: toRate(rates.count) },
    { what: 'Processors', measured: toRate(rates.fold) },
    figure('Processors, as a ratio', ratios(rates.fold, rates.count), 0.5),
    { what: 'A producer that only sends', measured: toRate(rates.send) },
    { what: 'Ingest from the bytes of a page', measured: toRate(rates.ingest) },
    { what: `Ingest with JSON.parse, as a ratio (${toRange(ingest)})`, measured: median(ingest).toFixed(2) },
    figure('Ingest without JSON.parse, as a ratio', ratios(parsed, rates.send), 0.7),
  ];
};

/** One process alone and two side by side over many orgs: how the work is shared, and what the second one costs. */
export const measureSharing = async (
  engines: Engines,
  options: { events: number; rounds: number; orgs: number },
): Promise<readonly Figure[]> => {
  const { events, rounds } = options;
  const orgs = Array.from({ length: options.orgs }, (_, at) => `org-${at}`);
  const warmUpFile = await eventsFile(warmUpEvents, eventsPerDay);
  const file = await eventsFile(events, eventsPerDay);
  const [warmUp] = await fillRounds(engines, 'warm-many', orgs, warmUpFile, 1);
  const targets = await fillRounds(engines, 'many', orgs, file, 2 * rounds);
  if (warmUp === undefined) throw new Error('Nothing to warm up with.');
  const shares: number[] = [];
  const costs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [first, second] = targets.slice(2 * round);
    if (first === undefined || second === undefined) break;
    const [alone] = await foldTogether(engines, { warmUp, target: first, processes: 1 });
    const both = await foldTogether(engines, { warmUp, target: second, processes: 2 });
    const all = both.reduce((sum, { records }) => sum + records, 0);
    if (alone === undefined || all !== second.records) throw new Error('Two processors did not share the records.');
    shares.push(...both.map(({ records }) => records / all));
    costs.push(both.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / alone.cpuSeconds);
  }
  const least = Math.min(...shares);
  return [
    {
      what: `Two processors: the smaller share of ${orgs.length} orgs' records`,
      measured: `${Math.round(100 * least)} %`,
      target: '>= 40 %',
      passes: least >= 0.4,
    },
    {
      what: `Two processors: CPU of both to that of one (${toRange(costs)})`,
      measured: median(costs).toFixed(2),
      target: '<= 1.15',
      passes: median(costs) <= 1.15,
    },
  ];
};
