import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A checkout as small as one can be: the real bin folder and compiler, and a main that prints its arguments. */
let checkout = '';
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'kriver-bin-'));
  cpSync(join(repository, 'bin'), join(checkout, 'bin'), { recursive: true });
  mkdirSync(join(checkout, 'cli'));
  writeFileSync(join(checkout, 'package.json'), '{"type":"module"}');
  writeFileSync(join(checkout, 'package-lock.json'), '{}');
  writeFileSync(
    join(checkout, 'tsconfig.build.json'),
    '{"compilerOptions":{"target":"ES2023","module":"NodeNext","types":["node"],"outDir":"dist","rootDir":"."},"include":["cli"]}',
  );
  writeMain('first', 0);
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

/** The year 2100: newer than anything that a test does. */
const farAhead = 4_102_444_800;

const writeMain = (text: string, exitCode: number, options: { broken?: boolean } = {}): void =>
  writeFileSync(
    join(checkout, 'cli', 'main.ts'),
    `${options.broken ? 'const wrong: number = "x";' : ''}process.stdout.write('${text} ' + JSON.stringify(process.argv.slice(2)));\nprocess.exitCode = ${exitCode};\nexport {};\n`,
  );

const install = () => symlinkSync(join(repository, 'node_modules'), join(checkout, 'node_modules'));

const run = (
  file: string,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
  node: readonly string[] = [],
): Promise<{ code: number | null; out: string; error: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [...node, join(checkout, 'bin', file), ...args], {
      env: { PATH: process.env['PATH'], ...environment },
    });
    let out = '';
    let error = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      error += chunk;
    });
    child.on('close', (code) => resolve({ code, out, error }));
  });

describe('kriver in a checkout', () => {
  it('builds when there is no build, says nothing about it, and passes arguments and exit code on', async () => {
    install();
    writeMain('first', 75);

    expect(await run('kriver.mjs', ['kris', '--json'])).toEqual({
      code: 75,
      out: 'first ["kris","--json"]',
      error: '',
    });
  });

  it('builds again when a source is newer than the build', async () => {
    install();
    await run('kriver.mjs');
    writeMain('second', 0);
    utimesSync(join(checkout, 'cli', 'main.ts'), farAhead, farAhead);

    expect((await run('kriver.mjs')).out).toBe('second []');
  });

  it('gives each of several that are started at the same time a whole build', async () => {
    install();

    const outcomes = await Promise.all([run('kriver.mjs'), run('kriver.mjs'), run('kriver.mjs')]);
    expect(outcomes).toEqual(Array(3).fill({ code: 0, out: 'first []', error: '' }));
  });

  it('runs nothing that does not compile, however often it is called', async () => {
    install();
    writeMain('broken', 0, { broken: true });

    for (const _ of [1, 2]) {
      const { code, out, error } = await run('kriver.mjs');
      expect({ code, out }).toEqual({ code: 70, out: '' });
      expect(error).toContain('cli/main.ts(1,');
    }
  });

  it('says what to do when nothing is installed', async () => {
    const { code, error } = await run('kriver.mjs');

    expect(code).toBe(70);
    expect(error).toContain('npm ci');
  });
});

describe('npm start', () => {
  /** Stands in for npm: installs by linking, or fails. */
  const fakeNpm = (script: string) => {
    const file = join(checkout, 'npm.js');
    writeFileSync(join(checkout, 'package.json'), '{"type":"module"}');
    writeFileSync(
      file,
      `import { symlinkSync } from 'node:fs';\nconsole.log('npm ' + process.argv.slice(2).join(' '));\n${script}\n`,
    );
    return { npm_execpath: file };
  };
  const link = () => `symlinkSync(${JSON.stringify(join(repository, 'node_modules'))}, 'node_modules');`;

  it('installs and builds on a fresh clone, then runs the demo with its arguments; only the demo writes to standard output', async () => {
    const { code, out, error } = await run('start.mjs', ['--once'], fakeNpm(link()));

    expect({ code, out }).toEqual({ code: 0, out: 'first ["demo","--once"]' });
    expect(error).toContain('npm ci');
  });

  it('installs nothing when that was done', async () => {
    install();
    utimesSync(join(checkout, 'package-lock.json'), 1, 1);

    expect(await run('start.mjs', [], fakeNpm('process.exit(1);'))).toEqual({
      code: 0,
      out: 'first ["demo"]',
      error: '',
    });
  });

  it('installs again when the lock file is newer than the installation', async () => {
    install();
    utimesSync(join(checkout, 'package-lock.json'), farAhead, farAhead);

    expect((await run('start.mjs', [], fakeNpm(''))).error).toContain('npm ci');
  });

  it('ends when the installation fails, and says what to do', async () => {
    const { code, out, error } = await run('start.mjs', [], fakeNpm('process.exit(3);'));

    expect({ code, out }).toEqual({ code: 69, out: '' });
    expect(error).toContain('Then run `npm start` again');
  });

  it('tells an old Node which one is needed', async () => {
    const preload = join(checkout, 'old.mjs');
    writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '20.19.5' });`);
    const { code, error } = await run('start.mjs', [], {}, ['--import', preload]);

    expect(code).toBe(78);
    expect(error).toContain('Kriver needs Node 20.20 or newer; this is 20.19.5.');
  });
});
