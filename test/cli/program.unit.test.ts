import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Handlers } from '../../cli/handlers.ts';
import { examplesOf } from '../../cli/program/command.ts';
import { createProgram } from '../../cli/program.ts';
import { referencePages } from '../../cli/reference.ts';
import { runProgram } from '../../cli/run-program.ts';
import { AppError, exitCodes } from '../../runtime/errors.ts';

const allOf = (command: Command): Command[] => [command, ...command.commands.flatMap(allOf)];
const pathOf = (command: Command): string[] =>
  command.parent === null ? [] : [...pathOf(command.parent), command.name()];
const commands = allOf(createProgram({})).map((command) => ({ name: pathOf(command).join(' '), command }));

const run = async (line: string | readonly string[], handlers: Partial<Handlers> = {}) => {
  let out = '';
  let error = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    error: (text: string) => {
      error += text;
    },
  };
  const code = await runProgram(typeof line === 'string' ? line.split(' ') : line, handlers, {
    terminal,
    version: '1.2.3',
  });
  return { code, out, error };
};

/** Runs a line and gives the options that the body of a command was called with. */
const optionsOf = async (name: keyof Handlers, line: string): Promise<unknown> => {
  let given: unknown;
  const body = async (options: unknown) => {
    given = options;
    return exitCodes.ok;
  };
  const { code, error } = await run(line, { [name]: body });
  expect({ code, error }).toEqual({ code: 0, error: '' });
  return given;
};

const none = { config: undefined, dataDir: undefined };

describe('the commands', () => {
  it('are these', () => {
    expect(
      commands
        .map(({ name }) => name)
        .filter((name) => name !== '')
        .sort(),
    ).toEqual([
      'demo',
      'dlq',
      'dlq list',
      'dlq redrive',
      'dlq show',
      'init',
      'kris',
      'lag',
      'migrate',
      'once',
      'replay',
      'run',
      'runs',
      'secret',
      'secret list',
      'secret remove',
      'secret rotate',
      'secret set',
      'simulate',
      'sql',
      'test',
      'topics',
      'why',
    ]);
  });

  it.each(commands)('--help of "$name" describes it and gives an example that starts it', async ({ name, command }) => {
    const { code, out } = await run(`${name} --help`.trim());

    expect(code).toBe(exitCodes.ok);
    expect(command.description()).not.toBe('');
    expect(out).toContain('Example:\n  $ ');
    for (const example of examplesOf(command)) expect(out).toContain(`  $ ${example}`);
    expect(examplesOf(command).join('\n')).toMatch(
      new RegExp(name === 'demo' ? 'kriver demo' : `kriver ${name}`.trim()),
    );
  });

  it.each(commands.filter(({ command }) => command.commands.length === 0))(
    'examples of "$name" are lines that parse',
    async ({ command }) => {
      const bodies = new Proxy({}, { get: () => async () => exitCodes.ok }) as Handlers;
      for (const example of examplesOf(command)) {
        const words =
          example
            .replace(/^npm start --/, 'kriver demo')
            .replace(/^.*?(?=kriver )/, '')
            .replace(/ [<>] .*$/, '')
            .match(/'[^']*'|\S+/g) ?? [];
        expect(
          await run(
            words.slice(1).map((word) => word.replaceAll("'", '')),
            bodies,
          ),
        ).toEqual({ code: 0, out: '', error: '' });
      }
    },
  );
});

describe('options', () => {
  it('reach the body parsed, with their defaults', async () => {
    expect(await optionsOf('once', 'once')).toEqual({ ...none, json: false });
    expect(await optionsOf('once', '--config k.yaml once --org acme --json --data-dir d')).toEqual({
      config: 'k.yaml',
      dataDir: 'd',
      org: 'acme',
      json: true,
    });
    expect(await optionsOf('demo', 'demo')).toEqual({
      ...none,
      once: false,
      speed: 60,
      seed: 1,
      engine: 'idx',
    });
    expect(await optionsOf('why', 'why okta_x --at 2026-03-01T12:00Z')).toMatchObject({
      slug: 'okta_x',
      atMs: Date.parse('2026-03-01T12:00:00Z'),
      json: false,
    });
    expect(await optionsOf('dlqShow', 'dlq show 7 --json')).toMatchObject({ id: '7', json: true });
    expect(await optionsOf('secretSet', 'secret set okta')).toEqual({ ...none, name: 'okta' });
    expect(await optionsOf('init', 'init --base-url https://acme.okta.com')).toMatchObject({
      baseUrl: 'https://acme.okta.com',
      force: false,
    });
    expect(await optionsOf('simulate', 'simulate --users 10 --events-per-day 500 --state-dir s --speed 0.5')).toEqual({
      ...none,
      port: 8090,
      speed: 0.5,
      seed: 1,
      engine: 'idx',
      users: 10,
      eventsPerDay: 500,
      stateDir: 's',
    });
  });

  it('name stages once each, with commas or several times', async () => {
    expect(await optionsOf('run', 'run')).toEqual({ ...none, stages: undefined });
    expect(await optionsOf('run', 'run --stage sinks')).toEqual({ ...none, stages: ['sinks'] });
    expect(await optionsOf('run', 'run --stage sinks,ingest --stage processors --stage sinks')).toMatchObject({
      stages: ['ingest', 'processors', 'sinks'],
    });
  });

  it('of topics change nothing unless asked to', async () => {
    expect(await optionsOf('topics', 'topics')).toEqual({ ...none, apply: false, json: false });
    expect(await optionsOf('topics', 'topics --apply --json')).toMatchObject({ apply: true, json: true });
  });

  it('of replay take several files and several times', async () => {
    expect(
      await optionsOf(
        'replay',
        'replay a.ndjson - --at 2026-03-01T12:00:00Z --at 2026-03-01T13:00:00Z --every 90m --app-links l.json --policy-rules r.json --engine v1 --definition corrected',
      ),
    ).toMatchObject({
      files: ['a.ndjson', '-'],
      at: [Date.parse('2026-03-01T12:00:00Z'), Date.parse('2026-03-01T13:00:00Z')],
      everyMs: 5_400_000,
      appLinks: 'l.json',
      policyRules: 'r.json',
      engine: 'v1',
      definition: 'corrected',
      json: false,
    });
    expect(await optionsOf('replay', 'replay --users u.json')).toMatchObject({ files: [], at: [], users: 'u.json' });
  });

  it.each([
    'nonsense',
    'run extra',
    'run --stage',
    'run --stage sink',
    'run --stage ingest,,sinks',
    'why',
    'once --nonsense',
    'once --org a/b',
    'replay --at 2026-09-31T00:00:00Z',
    'replay --at yesterday',
    'replay --every 30s',
    'replay --every 0h',
    'replay --engine v2',
    'replay --definition other',
    'simulate --port 70000',
    'demo --speed 0',
    'simulate --users 0',
    'simulate --seed -1',
  ])('that are wrong end with 64 and say why on standard error: %s', async (line) => {
    const bodies = new Proxy({}, { get: () => async () => exitCodes.ok }) as Handlers;
    const { code, out, error } = await run(line, bodies);

    expect(code).toBe(exitCodes.usage);
    expect(out).toBe('');
    expect(error).toMatch(/^error: /);
  });
});

describe('the exit', () => {
  it('is the code that the body gives', async () => {
    expect((await run('test', { test: async () => exitCodes.checkFailed })).code).toBe(1);
  });

  it('prints an AppError as what happened and what to do, without secrets', async () => {
    const token = `00${'a'.repeat(40)}`;
    const body = async () => {
      throw new AppError('okta-unauthorised', `Okta refused SSWS ${token}.`, { hint: 'Mint a new token.' });
    };

    expect(await run('test', { test: body })).toEqual({
      code: 77,
      out: '',
      error: 'Okta refused ***\n\nMint a new token.\n',
    });
  });

  it('calls anything else a defect', async () => {
    const body = async () => {
      throw new TypeError('x is not a function');
    };
    const { code, error } = await run('run', { run: body });

    expect(code).toBe(70);
    expect(error).toContain('defect');
    expect(error).toContain('x is not a function');
  });

  it('does not repeat a token that was given as an argument', async () => {
    const token = `00${'b'.repeat(40)}`;

    expect((await run(`secret sett ${token}`)).error).not.toContain('bbbb');
    expect((await run(`${token}`)).error).not.toContain('bbbb');
  });

  it('without a command prints the help as an error', async () => {
    const { code, out, error } = await run([]);

    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(error).toContain('Usage: kriver');
  });

  it('--version prints the version', async () => {
    expect(await run('--version')).toEqual({ code: 0, out: '1.2.3\n', error: '' });
  });
});

describe('the reference pages', () => {
  it.each([...referencePages()])('%s is what the code declares: node dist/cli/reference.js --write', (path, text) => {
    expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text);
  });
});
