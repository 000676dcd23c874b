import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { listenOnLoopback } from '../../simulator/listen.ts';
import type { Engine } from './engine.ts';
import { fetchAndStartClickHouse, fetchAndStartKafka, fetchAndStartRegistry } from './engines.ts';
import type { Available, Unavailable } from './fetch-engines.ts';
import { securedListeners } from './kafka-properties.ts';
import type { SharedClickHouse, SharedKafka, SharedRegistry } from './shared.ts';

const user = { user: 'kriver', password: 'open-sesame' };

const createShared = (directory: string, started: Engine[]) => {
  const keep = <T extends Engine, V>(engine: Available<T>, toAddress: (engine: T) => V): Available<V> | Unavailable => {
    if (!engine.available) return engine;
    started.push(engine);
    return { available: true, ...toAddress(engine) };
  };
  const kafka = async (): Promise<Available<SharedKafka>> => {
    const options = { secured: securedListeners, users: [user] };
    return keep(await fetchAndStartKafka({ directory, kafka: options }), ({ brokers, secured, tls }) => ({
      brokers,
      secured,
      user,
      ...(tls === undefined ? {} : { tls }),
    }));
  };
  const registry = async (): Promise<Available<SharedRegistry>> =>
    keep(await fetchAndStartRegistry({ directory }), ({ url }) => ({ url }));
  const clickHouse = async (): Promise<Available<SharedClickHouse>> =>
    keep(await fetchAndStartClickHouse({ directory }), ({ url }) => ({ url }));
  return { '/kafka': kafka, '/registry': registry, '/clickhouse': clickHouse };
};

/**
 * The engines that the whole run shares. Nothing starts before a test asks for it, so a run without such tests costs
 * nothing: each test process asks here over loopback, the first one to ask for an engine has it fetched and started, and
 * all wait for the same one. They are stopped, and their data removed, when the run ends.
 */
const setUp = async (project: TestProject): Promise<() => Promise<void>> => {
  const directory = await mkdtemp(join(tmpdir(), 'kriver-engines-'));
  const started: Engine[] = [];
  const shared: Readonly<Record<string, () => Promise<unknown>>> = createShared(directory, started);
  const asked = new Map<string, Promise<unknown>>();

  const server = createServer(async ({ url = '' }, response) => {
    const start = shared[url];
    const answer = asked.get(url) ?? start?.() ?? Promise.reject(new Error(`there is no engine at ${url}`));
    asked.set(url, answer);
    try {
      response.end(JSON.stringify(await answer));
    } catch (error) {
      response.statusCode = 500;
      response.end(error instanceof Error ? error.message : String(error));
    }
  });
  const listening = await listenOnLoopback(server, 0);
  project.provide('enginesUrl', listening.url);
  return async () => {
    await listening.close();
    await Promise.allSettled(asked.values());
    await Promise.all(started.map((engine) => engine.stop()));
    await rm(directory, { recursive: true, force: true });
  };
};

export default setUp;
