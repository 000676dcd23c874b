import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Recorded Okta objects are other people's data and not part of the project: the tests that read them need the folder. */
const folder = resolve(process.env['KRIVER_SAMPLES'] ?? '../shared/okta/samples');
const hasSamples = existsSync(folder);
const hasPython = spawnSync('python3', ['--version']).status === 0;
const missing = !hasSamples
  ? `no recorded samples in ${folder} (KRIVER_SAMPLES)`
  : !hasPython
    ? 'no python3'
    : undefined;
if (missing !== undefined) console.warn(`SKIPPED: the recount of recorded samples: ${missing}`);

const recount = fileURLToPath(new URL('recount.py', import.meta.url));
const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

interface Recount {
  readonly asOf: string | null;
  readonly events: Readonly<Record<string, unknown>>;
  readonly posture: Readonly<Record<string, unknown>>;
}

const sources = { users: '--users', factors: '--factors', policies: '--policies', 'policy-rules': '--policy-rules' };

const replay = (directory: string) => {
  const events = join(directory, 'events.jsonl');
  const files = existsSync(events) ? [events] : [];
  const posture = Object.entries(sources).flatMap(([name, option]) => {
    const path = join(directory, `${name}.json`);
    return existsSync(path) ? [option, path] : [];
  });
  const args = ['--import', 'tsx', main, 'replay', ...files, ...posture, '--json'];
  return spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
};

const tuple = (reading: Record<string, { numerator: unknown; denominator: unknown }>) => [
  reading['draxis']?.numerator,
  reading['draxis']?.denominator,
  reading['corrected']?.numerator,
  reading['corrected']?.denominator,
];

const folders = hasSamples
  ? readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => ['events.jsonl', 'policy-rules.json'].some((file) => existsSync(join(folder, name, file))))
  : ['samples'];

describe.skipIf(missing !== undefined)('replay of recorded samples', () => {
  it.each(folders)('counts what an independent recount counts: %s', (name) => {
    const directory = join(folder, name);
    const counted = spawnSync('python3', [recount, directory], { encoding: 'utf8' });
    expect(counted.stderr).toBe('');
    const expected = JSON.parse(counted.stdout) as Recount;
    const { stdout, stderr, status } = replay(directory);
    expect({ status, stderr: stderr.includes('defect') }).toEqual({ status: 0, stderr: false });
    const readings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(readings).toHaveLength(7);
    if (expected.asOf !== null) expect(readings[0].asOf).toBe(expected.asOf);
    const kris = Object.entries({ ...expected.events, ...expected.posture }).filter(([slug]) =>
      slug.startsWith('okta_'),
    );
    for (const [slug, figures] of kris) {
      const reading = readings.find((candidate) => candidate.slug === slug);
      expect({ slug, figures: tuple(reading) }).toEqual({ slug, figures });
    }
    // Every record that was not used is told of.
    const told = Number(/and (\d+) more such records/.exec(stderr)?.[1] ?? 0) + (stderr.match(/:\d+: /g)?.length ?? 0);
    const unused = Number(expected.events['unusable'] ?? 0) + Number(expected.posture['unattributed'] ?? 0);
    expect(told).toBeGreaterThanOrEqual(unused);
  });
});
