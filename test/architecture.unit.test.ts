import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const filesIn = (folder: string): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|tsx|mjs|js|css|html|md)$/.test(name))
        .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    : [];

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** What may import what, beside itself. Stages meet in schemas (what flows) and runtime (how it flows), nowhere else. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  runtime: ['schemas'],
  ingest: ['schemas', 'runtime'],
  processors: ['schemas', 'runtime'],
  sinks: ['schemas', 'runtime'],
  dashboard: ['schemas', 'runtime'],
  simulator: ['schemas', 'runtime'],
  cli: ['schemas', 'runtime', 'ingest', 'processors', 'sinks', 'dashboard', 'simulator'],
  // Measures the stages one by one, and the program as a whole.
  bench: ['schemas', 'runtime', 'ingest', 'processors', 'sinks', 'dashboard', 'simulator', 'cli'],
};
const folders = Object.keys(mayImport);
const sources = folders.flatMap(filesIn);

/** Relative imports and re-exports, dynamic ones too, as paths from the root. */
const importsOf = (file: string): readonly string[] =>
  [...read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(([, path]) =>
    posix.join(posix.dirname(file), path ?? ''),
  );

const isComment = (line: string): boolean => /^\s*(\*|\/\/|\/\*)/.test(line);

/** Lines of code that have it, as file:line; comments may speak of anything. */
const linesWith = (files: readonly string[], pattern: RegExp): readonly string[] =>
  files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) && !isComment(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
  );

const outside = (allowed: Readonly<Record<string, string>>) => sources.filter((file) => !Object.hasOwn(allowed, file));

describe('the repository', () => {
  it('has source files', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(500);
  });

  it.each(folders)('%s imports only what its place in the flow allows', (folder) => {
    const allowed = [folder, ...(mayImport[folder] ?? [])];
    const wrong = filesIn(folder).flatMap((file) =>
      importsOf(file)
        .filter((path) => !allowed.includes(path.split('/')[0] ?? ''))
        .map((path) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  it('reads the time of the machine in runtime/clock.ts only', () => {
    const pattern = /Date\.now|new Date\(\)|performance\.now|process\.hrtime|\bDate\(\)/;
    // bench measures how long things really take.
    const files = outside({ 'runtime/clock.ts': 'the clock' }).filter((file) => !file.startsWith('bench/'));
    expect(linesWith(files, pattern)).toEqual([]);
  });

  it('waits by the clock only', () => {
    const pattern = /\bsetTimeout\(|\bsetInterval\(|AbortSignal\.timeout|Atomics\.wait|timers\/promises/;
    const allowed = {
      'runtime/clock.ts': 'the clock',
      'runtime/bus/lmdb-bus.ts': 'setImmediate under another name: gives way to other work and waits for no time',
      'cli/local-api/ask.ts': 'the time limit of a request to the process beside, whose clock may be simulated',
    };
    expect(linesWith(outside(allowed), pattern)).toEqual([]);
  });

  it('leaves nothing to chance but what is injected', () => {
    const allowed = { 'cli/connect.ts': 'where the jitter of waits is injected' };
    expect(linesWith(outside(allowed), /Math\.random/)).toEqual([]);
  });

  it('mentions no path outside itself', () => {
    const all = [...sources, ...filesIn('bin'), ...filesIn('docs')];
    const wrong = all.filter((file) => /\.\.\/shared|\/work\//.test(read(file)));
    expect(wrong).toEqual([]);
  });

  it('takes packages from the public registry only', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Record<string, unknown>> };
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    const hosts = Object.values(packages).flatMap(({ funding, ...entry }) =>
      [...JSON.stringify(entry).matchAll(/:\/\/(?:[^/"@]*@)?([^/"]+)/g)].map(([, host]) => host),
    );
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });

  it('has no file over 400 lines', () => {
    const long = sources.flatMap((file) => {
      const lines = read(file).split('\n').length - 1;
      return lines > 400 ? [`${file}: ${lines}`] : [];
    });
    expect(long).toEqual([]);
  });
});
