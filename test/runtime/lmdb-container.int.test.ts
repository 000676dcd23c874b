import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createDirectory } from './lmdb-directory.ts';

const child = fileURLToPath(new URL('./lmdb-crash-child.ts', import.meta.url));
const unshare = ['--fork', '--pid', '--kill-child', '--mount-proc'];
const noNamespaces = ((): string | undefined => {
  try {
    execFileSync('unshare', [...unshare, 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no process namespaces here: ${error instanceof Error ? error.message : String(error)}`;
  }
})();

test('a process with the same id in another container is refused', async ({ skip }) => {
  if (noNamespaces !== undefined) return skip(noNamespaces);
  const { directory, remove } = await createDirectory();
  const run = [...unshare, process.execPath, '--import', 'tsx', child, directory, 'hold'];
  const first = spawn('unshare', run, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface({ input: first.stdout }), 'line');
  const second = spawn('unshare', run, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  for await (const text of second.stderr) complaint += String(text);
  expect(complaint).toContain('is in use by process 1 of another container');
  first.kill('SIGKILL');
  await once(first, 'exit');
  await remove();
});
