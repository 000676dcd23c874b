import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine, type Engine } from './engine.ts';
import type { ClickHouseFiles } from './fetch-engines.ts';
import { freePort } from './free-port.ts';

export interface ClickHouse extends Engine {
  readonly url: string;
}

/** Starts a ClickHouse server without users or passwords on loopback. Rejects with the end of its log. */
export const startClickHouse = async (options: {
  files: ClickHouseFiles;
  directory: string;
  /** Any free one when missing. */
  port?: number;
}): Promise<ClickHouse> => {
  const { files, directory } = options;
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const data = join(directory, 'data');
  const engine = createEngine({
    name: 'clickhouse',
    directory,
    program: files.program,
    args: [files.library, data, String(port)],
    endsWithInput: true,
    // It waits for clients that keep a connection open, which may be for long. What it acknowledged is written by then.
    stopLimitMs: 2_000,
    prepare: async () => void mkdirSync(data, { recursive: true }),
    isReady: async () => {
      const response = await fetch(`${url}/?query=SELECT+1`, { headers: { connection: 'close' } });
      if ((await response.text()) !== '1\n') throw new Error(`SELECT 1 was answered with ${response.status}`);
    },
  });
  await engine.start();
  return { ...engine, url };
};
