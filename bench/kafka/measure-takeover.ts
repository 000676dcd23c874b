import { hashPartition } from '../../runtime/bus/hash-partition.ts';
import type { Figure } from '../figure.ts';
import { eventsFile } from '../make-events.ts';
import type { Engines } from './engines.ts';
import { dayOfEvents, fill, fillFrom } from './fill.ts';
import type { TakenOver } from './jobs/take-over.ts';
import { eventsPerDay, forget, toPlace, untilAcked } from './measure-streams.ts';
import { toPageProgress, toPages } from './pages.ts';
import { connectClickHouse, openBus } from './place.ts';
import { median, toRange } from './range.ts';
import { startWorker } from './worker.ts';

const org = 'large';
const partitions = 12;
const mostSeconds = 5;
const minuteMs = 60_000;

/**
 * How long a new process needs until it publishes readings of an org with a million events a day, whose last 24 hours
 * another process folded and saved. A page more is in the log by then, as it is after a crash.
 */
export const measureTakeover = async (engines: Engines, { rounds }: { rounds: number }): Promise<readonly Figure[]> => {
  const place = toPlace(engines, 'takeover.', [org]);
  const warmPlace = toPlace(engines, 'takeover-warm.', ['warm']);
  const warmed = await fillFrom(warmPlace, await eventsFile(20_000, eventsPerDay));
  const warmUp = { place: warmPlace, records: warmed.records };
  await forget(engines);
  const { records, asOfMs } = await fill(place, toPages(dayOfEvents(eventsPerDay), [org]), { slim: true });
  const worker = startWorker({ name: 'fold', warmUp, target: { place, records } });
  await worker.has(partitions);
  worker.order('go');
  const client = connectClickHouse(engines);
  const partition = hashPartition(org, partitions);
  const isSaved = async (): Promise<boolean> => {
    const answer = await client.query({
      query: `SELECT toUInt32(count()) AS found FROM processor_state
        WHERE partition = ${partition} AND chunks > 0 AND offset = ${records - 1}`,
      format: 'JSONEachRow',
    });
    return ((await answer.json<{ found: number }>())[0]?.found ?? 0) > 0;
  };
  await untilAcked(place, isSaved);
  worker.order('stop');
  await worker.result();
  await client.close();

  const found: TakenOver[] = [];
  const bus = await openBus(place);
  for (let round = 0; round < rounds; round += 1) {
    await bus.publish([toPageProgress(org, asOfMs + (round + 1) * minuteMs)]);
    found.push(await startWorker({ name: 'take-over', place }).result<TakenOver>());
  }
  await bus.close();
  const of = (name: keyof TakenOver) => found.map((one) => one[name]);
  const seconds = (name: keyof TakenOver): string => `${median(of(name)).toFixed(1)} s`;
  const first = of('firstReading');
  const size = `${Math.round((found[0]?.bytes ?? 0) / 2 ** 20)} MB, ${found[0]?.entries ?? 0} entries`;
  return [
    {
      what: `Takeover to the first reading (${toRange(first)} s)`,
      measured: seconds('firstReading'),
      target: `<= ${mostSeconds} s`,
      passes: median(first) <= mostSeconds,
    },
    { what: '  of it CPU', measured: seconds('cpu') },
    { what: `  until the state is loaded (${size})`, measured: seconds('loaded') },
    { what: '  by itself: reading ClickHouse, checksums', measured: seconds('read') },
    { what: '  by itself: JSON.parse of the entries', measured: seconds('parse') },
    { what: '  by itself: the fold from its entries', measured: seconds('createFold') },
  ];
};
