import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createVirtualClock } from '../runtime/clock.ts';
import { createWorld } from '../simulator/index.ts';

/** Fixed, so that every machine and every run measures the same bytes. */
const startMs = Date.UTC(2026, 0, 5);
const stepMs = 15 * 60_000;

/** The shape of the events: raised when it changes, so that a file of an older shape is not taken for a new one. */
const shape = 1;

const usualPerDay = 100_000;
const eventsPerUser = 100 / 3;

const createBenchWorld = (eventsPerDay: number) =>
  createWorld({
    clock: createVirtualClock(startMs),
    startMs,
    seed: 'bench',
    users: Math.round(eventsPerDay / eventsPerUser),
    eventsPerDay,
    historyHours: 0,
  });

/**
 * Writes `count` events as NDJSON, in the order in which Okta persists them: nearly sorted, some late by up to an hour,
 * a few twice, as a poller gets them. About 100,000 events a day of 2.1 KB (median), of which 44 % carry behaviours.
 */
export const writeEvents = async (count: number, out: Writable, eventsPerDay = usualPerDay): Promise<void> => {
  const world = createBenchWorld(eventsPerDay);
  let position = { ms: startMs, n: 0 };
  let left = count;
  for (let untilMs = startMs + stepMs; left > 0; untilMs += stepMs) {
    const served = world.persistedAfter(position, untilMs, left);
    left -= served.length;
    position = served.at(-1)?.position ?? position;
    const lines = served.map(({ event }) => `${event.json()}\n`).join('');
    if (!out.write(lines)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
};

const cache = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));

/** A file of that many events: made the first time, reused afterwards. */
export const eventsFile = async (count: number, eventsPerDay = usualPerDay): Promise<string> => {
  const rate = eventsPerDay === usualPerDay ? '' : `-${eventsPerDay}-a-day`;
  const file = join(cache, `events-${shape}-${count}${rate}.ndjson`);
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (exists) return file;
  await mkdir(cache, { recursive: true });
  // Renamed when it is whole, so that an interrupted run leaves none that looks complete.
  await writeEvents(count, createWriteStream(`${file}.part`), eventsPerDay);
  await rename(`${file}.part`, file);
  return file;
};

/** Run by itself (`node dist/bench/make-events.js COUNT FILE`) it writes to a file or a named pipe. */
if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , count, path] = process.argv;
  await writeEvents(Number(count), path === undefined ? process.stdout : createWriteStream(path));
}
