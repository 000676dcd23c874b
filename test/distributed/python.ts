import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Available } from '../engines/fetch-engines.ts';

const requirement = 'confluent-kafka==2.16.1';
const folder = fileURLToPath(new URL('../../.cache/python', import.meta.url));

const run = (program: string, ...args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: 120_000, maxBuffer: 2 ** 28 });

const hasClient = (python: string): boolean => run(python, '-c', 'import confluent_kafka').status === 0;

const isOnCi = (): boolean => !['', '0', 'false'].includes(process.env['CI'] ?? '');

/** Made once, and kept with the other things that tests fetch. */
const makeVenv = (): string | undefined => {
  const python = `${folder}/bin/python3`;
  if (hasClient(python)) return python;
  const steps = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement],
  ];
  const failed = steps.map(([program = '', ...args]) => run(program, ...args)).find(({ status }) => status !== 0);
  if (failed === undefined) return python;
  console.warn(`${requirement} could not be installed: ${failed.error?.message ?? failed.stderr}`);
  return undefined;
};

/** A Python with Confluent's client. A machine that cannot have one goes without it, but on CI that is an error. */
export const findPython = (): Available<{ readonly python: string }> => {
  const python = hasClient('python3') ? 'python3' : makeVenv();
  if (python !== undefined) return { available: true, python };
  const reason = `there is no Python with ${requirement}, to read topics as others would`;
  if (isOnCi()) throw new Error(reason);
  console.warn(`SKIPPED: ${reason}`);
  return { available: false, reason };
};

/** The lines that a script prints; throws what it says when it fails. */
export const runPython = (python: string, ...args: readonly string[]): readonly string[] => {
  const { status, stdout, stderr } = run(python, ...args);
  if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
};
