import { createInterface } from 'node:readline';
import { openLmdb } from './lmdb-directory.ts';

/**
 * Reads everything of each directory that it is told on standard input, and says on standard output, a JSON line each,
 * what it found: the records, the state, or the code of the error. In a process of its own, because lmdb does not check its
 * tree and may take the process down.
 */
for await (const directory of createInterface({ input: process.stdin })) {
  const records: [number, string][] = [];
  let found: object;
  try {
    const opened = await openLmdb(directory, { orgs: ['acme'] });
    try {
      for await (const batch of opened.bus.read('events', 0, 0))
        for (const { offset, value } of batch) records.push([offset, value.toString('base64')]);
      const end = await opened.bus.endOffset('events', 0);
      const state = await opened.store.load('fold', 0);
      found = { end, state: state && { offset: state.offset, entries: Object.fromEntries(state.entries) } };
    } finally {
      await opened.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    found = { code, message: String(error) };
  }
  process.stdout.write(`${JSON.stringify({ ...found, records })}\n`);
}
