import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askLocalApi } from '../../cli/local-api/ask.ts';
import { serveLocalApi } from '../../cli/local-api/serve.ts';
import { distantSocket, findSocket, pointerFile, socketFile } from '../../cli/local-api/socket-path.ts';
import { runProcessors } from '../../processors/run-processors.ts';
import { createLmdbBus } from '../../runtime/bus/lmdb-bus.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import { openLmdbEnvironment } from '../../runtime/lmdb-environment.ts';
import { createLmdbStateStore } from '../../runtime/lmdb-state-store.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { toTimestamp } from '../../schemas/time.ts';
import { deadLettersTopic, systemLogTopic } from '../../schemas/topics.ts';
import { ago, denyPush, noon } from '../processors/events.ts';
import { org, settings } from '../processors/given.ts';
import { eventRecord, progressRecord } from '../processors/topic-records.ts';
import { configOf, environmentOf, linesOf, oktaToken, runCommand, useDirectory } from './command-context.ts';

const makeDirectory = useDirectory();
const slug = 'okta_failed_mfa_push_24h';
const clock = createVirtualClock(noon);
const logger = { info: () => {}, warn: () => {} };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The log and state of a running process, on real lmdb, with one denied push and one dead letter in it. */
const openRunning = async (dataDirectory: string) => {
  const environment = await openLmdbEnvironment({ directory: join(dataDirectory, 'log'), logger });
  const bus = await createLmdbBus({ environment, orgs: [org], clock });
  const store = createLmdbStateStore({ environment, bus });
  const close = async () => {
    await bus.close();
    await environment.close();
  };
  return { environment, bus, store, close };
};

const letterOf = (id: string, text: string): DeadLetter => ({
  id,
  org,
  origin: 'GET /api/v1/logs',
  reason: 'published: not a real date',
  at: toTimestamp(noon),
  minute: toTimestamp(noon),
  bytes: Buffer.from(text).toString('base64'),
  truncated: false,
});

const fill = async ({ bus, store }: Awaited<ReturnType<typeof openRunning>>): Promise<void> => {
  const letters = [letterOf('aaa111', '{"uuid":"x\u001b[2J"}'), letterOf('bbb222', JSON.stringify(denyPush(noon)))];
  await bus.publish([
    eventRecord(denyPush(ago({ hours: 1 }))),
    progressRecord(systemLogTopic.name, noon),
    ...letters.map((letter) => ({
      topic: deadLettersTopic.name,
      org,
      key: letter.origin,
      value: Buffer.from(JSON.stringify(letter)),
    })),
  ]);
  const signal = new AbortController().signal;
  await runProcessors({ bus, store, orgs: [settings], until: 'caught-up', signal });
};

/** A process that has the directory open and serves its socket, in this process. */
const startRunning = async (environment: Record<string, string>, warn: (fields: object) => void = () => {}) => {
  const config = configOf(environment);
  const opened = await openRunning(config.dataDirectory);
  await fill(opened);
  const stop = new AbortController();
  let socket = '';
  await new Promise<void>((resolve, reject) => {
    const served = serveLocalApi({
      source: { config, clock, bus: opened.bus, store: opened.store, logger: { warn } },
      signal: stop.signal,
      onListening: (file) => {
        socket = file;
        resolve();
      },
    });
    served.catch(reject);
    closing.push(async () => {
      stop.abort();
      await served;
      await opened.close();
    });
  });
  return { config, socket, bus: opened.bus };
};

const stopRunning = async (): Promise<void> => {
  for (const close of closing.splice(0).reverse()) await close();
};

describe('commands while a process has the directory', () => {
  it('are answered by it, many at a time', async () => {
    const environment = environmentOf(await makeDirectory());
    await startRunning(environment);
    const ran = await Promise.all(
      Array.from({ length: 12 }, () => runCommand(environment, 'kris', { json: true }, clock)),
    );
    for (const { code, out } of ran) {
      expect(code).toBe(0);
      expect(linesOf(out)).toEqual([expect.objectContaining({ org, asOf: toTimestamp(noon) })]);
    }
    expect(JSON.stringify(ran)).not.toContain(oktaToken);
  });

  it('say the same as when they open the directory themselves', async () => {
    const environment = environmentOf(await makeDirectory());
    await startRunning(environment);
    const askAll = async () => ({
      kris: await runCommand(environment, 'kris', {}, clock),
      krisJson: await runCommand(environment, 'kris', { json: true }, clock),
      why: await runCommand(environment, 'why', { slug, atMs: noon + 1 }, clock),
      whyJson: await runCommand(environment, 'why', { slug, json: true }, clock),
      runs: await runCommand(environment, 'runs', {}, clock),
      list: await runCommand(environment, 'dlqList', {}, clock),
      show: await runCommand(environment, 'dlqShow', { id: 'aaa' }, clock),
      refused: await runCommand(environment, 'dlqRedrive', { id: 'aaa', json: true }, clock),
      missing: await runCommand(environment, 'dlqShow', { id: 'zzz' }, clock),
    });
    const overSocket = await askAll();
    await stopRunning();
    const direct = await askAll();
    expect(direct).toEqual(overSocket);
    expect(direct.why.out).toContain('1 by the draxis definition');
    expect(direct.kris.out).toContain('Denied MFA pushes');
    expect(direct.runs.out).toBe('There were no runs yet.\n');
    expect(direct.list.out).toContain('2 dead letters.');
    expect(direct.show.out).toContain('{"uuid":"x"}');
    expect(direct.refused).toMatchObject({ code: 1 });
    expect(direct.missing).toMatchObject({ code: 65, thrown: expect.any(AppError) });
  });

  it('show the lag, and that the process has all of it', async () => {
    const environment = environmentOf(await makeDirectory());
    const { bus } = await startRunning(environment);
    const end = await bus.endOffset(systemLogTopic.name, 0);
    const overSocket = await runCommand(environment, 'lag', {}, clock);
    expect(overSocket.code).toBe(0);
    expect(overSocket.out).toMatch(new RegExp(`ingest +okta\\.system-log +0 +${end} +.* process ${process.pid}\n`));
    await stopRunning();
    const direct = await runCommand(environment, 'lag', { json: true }, clock);
    const [answer] = linesOf(direct.out) as { stages: { group: string; lag: number; owner: unknown }[] }[];
    expect(answer?.stages[0]).toMatchObject({ group: 'ingest', lag: end, owner: null });
    expect(answer?.stages[1]).toMatchObject({ group: 'processors', lag: 0 });
  });

  it('change the log through it', async () => {
    const environment = environmentOf(await makeDirectory());
    const { bus } = await startRunning(environment);
    const before = await bus.endOffset(systemLogTopic.name, 0);
    expect(await runCommand(environment, 'dlqRedrive', { id: 'bbb' }, clock)).toMatchObject({ code: 0 });
    expect(await bus.endOffset(systemLogTopic.name, 0)).toBe(before + 1);
  });

  it('get its errors with code and hint', async () => {
    const environment = environmentOf(await makeDirectory());
    await startRunning(environment);
    expect(await runCommand(environment, 'kris', { org: 'acne' }, clock)).toMatchObject({
      code: 64,
      thrown: { code: 'usage-invalid', message: 'No org named acne is configured.', hint: 'Did you mean acme?' },
    });
    expect(await runCommand(environment, 'why', { slug: 'okta_mfa_adoption' }, clock)).toMatchObject({
      code: 64,
      thrown: { hint: 'Did you mean okta_mfa_adoption_pct?' },
    });
    await expect(askLocalApi(environment['KRIVER_DATA_DIR'] ?? '', { path: '/elsewhere' })).rejects.toMatchObject({
      code: 'usage-invalid',
    });
  });

  it('learn of a defect that its log says more', async () => {
    const environment = environmentOf(await makeDirectory());
    const warnings: object[] = [];
    const { bus } = await startRunning(environment, (fields) => warnings.push(fields));
    await bus.publish([{ topic: deadLettersTopic.name, org, key: 'x', value: Buffer.from(oktaToken) }]);
    const ran = await runCommand(environment, 'dlqList', {}, clock);
    expect(ran).toMatchObject({
      code: 70,
      thrown: { code: 'internal', message: 'The running process failed to answer.' },
    });
    expect(warnings).toHaveLength(1);
  });

  it('may not send more than a megabyte', async () => {
    const dataDirectory = await makeDirectory();
    await startRunning(environmentOf(dataDirectory));
    const body = { query: 'x'.repeat(2 ** 20) };
    await expect(askLocalApi(dataDirectory, { method: 'POST', path: '/sql', body })).rejects.toMatchObject({
      code: 'usage-invalid',
      message: 'The request is too large.',
    });
  });

  it.each([
    ['GET', '/why/okta_failed_mfa_push_24h?at=yesterday', ''],
    ['GET', '/why/okta_failed_mfa_push_24h?limit=-1', ''],
    ['GET', '/why/okta_failed', ''],
    ['POST', '/sql', '{"query":1}'],
    ['POST', '/sql', '{'],
    ['POST', '/kris', ''],
    ['GET', '/dlq/%', ''],
  ])('have %s %s %s refused', async (method, path, body) => {
    const { socket } = await startRunning(environmentOf(await makeDirectory()));
    const request = httpRequest({ socketPath: socket, method, path });
    request.end(body);
    const [response] = await once(request, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    expect(response.statusCode).toBe(422);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ error: { code: 'usage-invalid' } });
  });
});

describe('the socket', () => {
  it('is for this user alone and is gone when the process is', async () => {
    const { config, socket } = await startRunning(environmentOf(await makeDirectory()));
    expect(socket).toBe(socketFile(config.dataDirectory));
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    await stopRunning();
    expect(existsSync(socket)).toBe(false);
    expect(await askLocalApi(config.dataDirectory, { path: '/health' })).toBeUndefined();
  });

  it('of a process that was killed is in nobody’s way, and is replaced', async () => {
    const dataDirectory = await makeDirectory();
    await mkdir(dataDirectory, { recursive: true });
    const file = socketFile(dataDirectory);
    const script = `require('net').createServer().listen(${JSON.stringify(file)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(file)).toBe(true);
    expect(await askLocalApi(dataDirectory, { path: '/health' })).toBeUndefined();
    const gone = join(dataDirectory, 'gone');
    await mkdir(gone, { mode: 0o700 });
    await writeFile(pointerFile(dataDirectory), join(gone, 'kriver.sock'));
    await startRunning(environmentOf(dataDirectory));
    expect(await askLocalApi(dataDirectory, { path: '/health' })).toEqual({ answer: { ok: true, pid: process.pid } });
  });

  it('stands in a private directory when the path is too long for one', async () => {
    const dataDirectory = join(await makeDirectory(), 'a'.repeat(60), 'b'.repeat(60));
    await mkdir(dataDirectory, { recursive: true });
    const { socket } = await startRunning(environmentOf(dataDirectory));
    const distant = distantSocket(dataDirectory);
    expect(socket).toBe(distant.file);
    expect((await stat(distant.directory)).mode & 0o777).toBe(0o700);
    expect((await readFile(pointerFile(dataDirectory), 'utf8')).trim()).toBe(distant.file);
    expect(await runCommand(environmentOf(dataDirectory), 'kris', { json: true }, clock)).toMatchObject({ code: 0 });
    await stopRunning();
    expect(existsSync(pointerFile(dataDirectory))).toBe(false);
    await rm(distant.directory, { recursive: true });
  });

  it('is not looked for where others could have put one', async () => {
    const dataDirectory = await makeDirectory();
    await mkdir(dataDirectory, { recursive: true });
    const pointTo = async (mode: number): Promise<string> => {
      const directory = join(dataDirectory, `mode-${mode}`);
      await mkdir(directory, { mode });
      await writeFile(pointerFile(dataDirectory), `${join(directory, 'kriver.sock')}\n`);
      return join(directory, 'kriver.sock');
    };
    const ours = await pointTo(0o700);
    expect(await findSocket(dataDirectory)).toBe(ours);
    await pointTo(0o755);
    expect(await findSocket(dataDirectory)).toBe(socketFile(dataDirectory));
    await writeFile(pointerFile(dataDirectory), '/nowhere/kriver.sock\n');
    expect(await findSocket(dataDirectory)).toBe(socketFile(dataDirectory));
  });
});

describe('commands without a running process', () => {
  it('end with 65 where there is no data, and make none', async () => {
    const dataDirectory = await makeDirectory();
    const ran = await runCommand(environmentOf(dataDirectory), 'kris', {}, clock);
    expect(ran).toMatchObject({ code: 65, thrown: { code: 'data-invalid' } });
    expect(existsSync(dataDirectory)).toBe(false);
  });

  it('leave it noted that the last run did not stop cleanly', async () => {
    const dataDirectory = await makeDirectory();
    const script = `
      import { openLmdbEnvironment } from ${JSON.stringify(new URL('../../runtime/lmdb-environment.ts', import.meta.url).href)};
      await openLmdbEnvironment({ directory: ${JSON.stringify(join(dataDirectory, 'log'))}, logger: { info() {}, warn() {} } });
      console.log('up');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await runCommand(environmentOf(dataDirectory), 'kris', {}, clock)).toMatchObject({ code: 0 });
    const { environment, close } = await openRunning(dataDirectory);
    closing.push(close);
    expect(environment.uncleanStop).toBe(true);
  });

  it('end with 75 and name the process when one has the directory and does not answer', async () => {
    const dataDirectory = await makeDirectory();
    const opened = await openRunning(dataDirectory);
    closing.push(opened.close);
    const impatient = { now: clock.now, sleep: async () => {} };
    expect(await runCommand(environmentOf(dataDirectory), 'kris', {}, impatient)).toMatchObject({
      code: 75,
      thrown: { code: 'directory-in-use', message: expect.stringContaining(`process ${process.pid}`) },
    });
  });
});
