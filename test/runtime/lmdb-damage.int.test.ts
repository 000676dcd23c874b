import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDirectory, openLmdb } from './lmdb-directory.ts';

const child = fileURLToPath(new URL('./lmdb-damage-child.ts', import.meta.url));

interface Found {
  readonly code?: string;
  readonly message?: string;
  readonly end?: number;
  readonly state?: { offset: number; entries: Record<string, string> };
  readonly records: readonly [number, string][];
}

/** What a process of its own finds in a directory; undefined when that took the process down. */
const createReader = () => {
  const start = () => {
    const running = spawn(process.execPath, ['--import', 'tsx', child], { stdio: ['pipe', 'pipe', 'ignore'] });
    running.stdin.on('error', () => {});
    return { running, lines: createInterface({ input: running.stdout })[Symbol.asyncIterator]() };
  };
  let current = start();
  return {
    read: async (directory: string): Promise<Found | undefined> => {
      current.running.stdin.write(`${directory}\n`);
      const { value, done } = await current.lines.next();
      if (done !== true) return JSON.parse(value) as Found;
      current = start();
      return undefined;
    },
    stop: () => current.running.stdin.end(),
  };
};

const bytesOf = (name: string): Buffer =>
  Buffer.concat(Array.from({ length: 20 }, (_, i) => createHash('sha256').update(`${name}/${i}`).digest()));

let directory: string;
let remove: () => Promise<void>;
let whole: Buffer;
const records: [number, string][] = [];
const entries: Record<string, string> = {};
const reader = createReader();

beforeAll(async () => {
  ({ directory, remove } = await createDirectory());
  const opened = await openLmdb(directory, { orgs: ['acme'] });
  for (let publish = 0; publish < 40; publish += 1) {
    const values = Array.from({ length: 10 }, (_, i) => bytesOf(`${publish}/${i}`));
    for (const value of values) records.push([records.length, value.toString('base64')]);
    await opened.bus.publish(values.map((value) => ({ topic: 'events', org: 'acme', key: 'acme', value })));
    entries[`entry ${publish}`] = bytesOf(`state ${publish}`).toString('base64');
    const changes = new Map([[`entry ${publish}`, entries[`entry ${publish}`]]]);
    await opened.store.commit('fold', 0, { offset: publish, changes, records: [] });
  }
  await opened.close();
  whole = await readFile(join(directory, 'data.mdb'));
});
afterAll(async () => {
  reader.stop();
  await remove();
});

/** Reads a copy in which some bytes are changed. */
const readWith = async (change: (bytes: Buffer) => void): Promise<Found | undefined> => {
  const copy = `${directory}-copy`;
  await cp(directory, copy, { recursive: true });
  const bytes = Buffer.from(whole);
  change(bytes);
  await writeFile(join(copy, 'data.mdb'), bytes);
  const found = await reader.read(copy);
  await rm(copy, { recursive: true });
  return found;
};
const flip = (bytes: Buffer, at: number, mask = 0xff) => bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);

test('an undamaged copy is read as it was written', async () => {
  expect(await readWith(() => {})).toEqual({ end: 400, state: { offset: 39, entries }, records });
});

test('a damaged block is refused with its topic, partition and offset, after the records before it', async () => {
  for (const [publish, record] of [
    [0, 0],
    [7, 3],
    [39, 9],
  ] as const) {
    const found = await readWith((bytes) => flip(bytes, bytes.indexOf(bytesOf(`${publish}/${record}`)) + 100, 1));
    expect(found?.code).toBe('state-invalid');
    expect(found?.message).toContain(`events, partition 0, offset ${publish * 10}:`);
    expect(found?.records).toEqual(records.slice(0, found?.records.length));
  }
});

test('a damaged entry of the state is refused by name', async () => {
  const text = entries['entry 11'] ?? '';
  const found = await readWith((bytes) => flip(bytes, bytes.lastIndexOf(text.slice(100, 140)), 1));
  expect(found?.code).toBe('state-invalid');
  expect(found?.message).toContain('state fold/0, entry entry 11');
});

test('two blocks that changed places are refused', async () => {
  const found = await readWith((bytes) => {
    const one = bytes.indexOf(bytesOf('3/0'));
    const two = bytes.indexOf(bytesOf('4/0'));
    const length = 5_000;
    const kept = Buffer.from(bytes.subarray(one, one + length));
    bytes.copy(bytes, one, two, two + length);
    kept.copy(bytes, two);
  });
  expect(found?.code).toBe('state-invalid');
});

test('wherever bytes are flipped, what is read without an error is what was written', async () => {
  let seed = 4_711;
  const number = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const outcomes = { intact: 0, refused: 0, crashed: 0 };
  for (let run = 0; run < 60; run += 1) {
    const places = Array.from({ length: 1 + number(8) }, () => 8_192 + number(whole.length - 8_192));
    const found = await readWith((bytes) => {
      for (const at of places) flip(bytes, at, 1 + number(255));
    });
    if (found === undefined) {
      outcomes.crashed += 1;
      continue;
    }
    expect(found.records, `run ${run}, bytes ${places}`).toEqual(records.slice(0, found.records.length));
    if (found.message === undefined) {
      outcomes.intact += 1;
      expect(found, `run ${run}, bytes ${places}`).toEqual({ end: 400, state: { offset: 39, entries }, records });
    } else {
      outcomes.refused += 1;
      expect(found.code, found.message).toBe('state-invalid');
    }
  }
  expect(outcomes.refused).toBeGreaterThan(10);
});
