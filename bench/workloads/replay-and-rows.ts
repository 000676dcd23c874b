import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReplay } from '../../processors/replay/replay.ts';
import type { ReplayTimes } from '../../processors/replay/replay-times.ts';
import { openChdb } from '../../sinks/clickhouse/client.ts';
import { type EventRow, encodeEventRows, insertEvents } from '../../sinks/clickhouse/events.ts';
import { migrate } from '../../sinks/clickhouse/migrate.ts';
import { measure, readFacts, settings, type Workload } from './workload.ts';

const rowsPerInsert = 100_000;
const nobody = { users: [], policies: [], sweeps: [], newestMs: undefined };

/** A file of events to the readings of all KRIs, and to typed rows in a ClickHouse that runs in this process. */
export const createReplayAndRows =
  (times: ReplayTimes): Workload =>
  async (file) => {
    const directory = await mkdtemp(join(tmpdir(), 'kriver-bench-'));
    const client = await openChdb({ path: directory });
    try {
      await migrate(client);
      const measured = await measure(async () => {
        const replay = createReplay({ settings, engine: 'idx', times, sorted: false });
        // Encoded as they come and inserted together: facts that wait would be copied by every garbage collection.
        let encoded: Buffer[] = [];
        let inserted = 0;
        let offset = 0;
        const insert = async (): Promise<void> => {
          await insertEvents(client, Buffer.concat(encoded));
          encoded = [];
          inserted = offset;
        };
        for await (const batch of readFacts(file)) {
          const rows: EventRow[] = [];
          for (const facts of batch) {
            if (!replay.event(facts)) throw new Error('The events are too far out of order.');
            rows.push({ org: settings.org, facts, offset });
            offset += 1;
          }
          encoded.push(encodeEventRows(rows));
          if (offset - inserted >= rowsPerInsert) await insert();
        }
        await insert();
        if (replay.finish(nobody).length < 7) throw new Error('Not every KRI has a reading.');
        return offset;
      });
      const stored = await client.query({
        query: 'SELECT toUInt32(count()) AS rows FROM events',
        format: 'JSONEachRow',
      });
      const [row] = await stored.json<{ rows: number }>();
      if (row === undefined || row.rows < measured.events * 0.98) throw new Error('Rows are missing in ClickHouse.');
      return measured;
    } finally {
      await client.close();
      await rm(directory, { recursive: true, force: true });
    }
  };
