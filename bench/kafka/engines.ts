import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const settings = /^bus:\n[\s\S]*?\n\n/m;

const printed = z.object({
  bus: z.object({ brokers: z.array(z.string()) }),
  clickhouse: z.object({ url: z.string() }),
});

export interface Engines {
  readonly brokers: readonly string[];
  readonly clickHouseUrl: string;
  stop(): Promise<void>;
}

/** A broker and a ClickHouse server of this run's own, started by `npm run engines`, which prints where they answer. */
export const startEngines = async (): Promise<Engines> => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/engines/main.ts', '--ephemeral'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk;
    const found = settings.exec(text);
    if (found === null) continue;
    const { bus, clickhouse } = printed.parse(parse(found[0]));
    const stop = async (): Promise<void> => {
      child.kill();
      await ended;
    };
    return { brokers: bus.brokers, clickHouseUrl: clickhouse.url, stop };
  }
  throw new Error('The engines did not start: `npm run engines` says why.');
};
