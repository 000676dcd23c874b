import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { readEvents } from '../../ingest/recordings/read-events.ts';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { writeEvents } from '../make-events.ts';
import { type BenchPage, createToRecords, toPages } from './pages.ts';
import { createTopics, openBus, type Place } from './place.ts';

/** The events of a file, each as its bytes. */
export async function* fileEvents(file: string): AsyncGenerator<readonly Buffer[]> {
  for await (const batch of readEvents(file)) yield batch.map(({ bytes }) => bytes);
}

/** The events of one day of a large org, made as they are asked for. */
export async function* dayOfEvents(eventsPerDay: number): AsyncGenerator<readonly Buffer[]> {
  const lines = new PassThrough();
  const written = writeEvents(eventsPerDay, lines, eventsPerDay);
  for await (const line of createInterface({ input: lines })) yield [Buffer.from(line)];
  await written;
}

export interface Filled {
  readonly records: number;
  readonly asOfMs: number;
}

/**
 * Makes the topics of a place and publishes pages to them as ingest does; gives how many records they have then, and how far they are read. `slim`
 * leaves the events' values out: a fold takes the facts from the headers.
 */
export const fill = async (
  place: Place,
  pages: AsyncIterable<BenchPage>,
  { slim = false }: { slim?: boolean } = {},
): Promise<Filled> => {
  await createTopics(place);
  const bus = await openBus(place);
  const toRecords = createToRecords();
  const none = Buffer.from('{}');
  const filled = { records: 0, asOfMs: 0 };
  for await (const page of pages) {
    const { records, progress, asOfMs } = toRecords(page);
    const sent: OutgoingRecord[] = slim ? records.map((record) => ({ ...record, value: none })) : [...records];
    await bus.publish([...sent, progress]);
    filled.records += sent.length + 1;
    filled.asOfMs = Math.max(filled.asOfMs, asOfMs);
  }
  await bus.close();
  return filled;
};

/** As `fill`, of a file. */
export const fillFrom = (place: Place, file: string, pageEvents?: number): Promise<Filled> =>
  fill(place, toPages(fileEvents(file), place.orgs, pageEvents));
