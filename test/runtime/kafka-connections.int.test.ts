import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';

const kafka = await sharedKafka();
const script = fileURLToPath(new URL('./kafka-forgotten-child.ts', import.meta.url));

/** The exit code, or `alive` when the process is still there some seconds after it said that it was done. */
const run = async (broker: string, ...args: readonly string[]): Promise<number | null | 'alive'> => {
  const child = spawn(process.execPath, ['--import', 'tsx', script, broker, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  await once(child.stdout, 'data');
  const first = await Promise.race([exited, systemClock.sleep(3_000).then(() => 'alive' as const)]);
  child.kill('SIGKILL');
  await exited;
  return first;
};

test('a connection that kafkajs forgot keeps no process alive once it is closed', async ({ skip }) => {
  const [broker = ''] = orSkip(kafka, skip).brokers;
  expect(await run(broker, 'close')).toBe(0);
  expect(await run(broker)).toBe('alive');
});
