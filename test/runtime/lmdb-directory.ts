import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RetainedTopic } from '../../runtime/bus/lmdb/retention.ts';
import { createLmdbBus, type LmdbBus } from '../../runtime/bus/lmdb-bus.ts';
import { createVirtualClock, type VirtualClock } from '../../runtime/clock.ts';
import { type LmdbEnvironment, openLmdbEnvironment } from '../../runtime/lmdb-environment.ts';
import { createLmdbStateStore } from '../../runtime/lmdb-state-store.ts';
import type { StateStore } from '../../runtime/state-store.ts';

export interface Warning {
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps what was warned about and what was said. */
export const createRecordingLogger = () => {
  const lines: Warning[] = [];
  const keep = (fields: object, message: string) => void lines.push({ fields, message });
  return { lines, logger: { info: keep, warn: keep } as Parameters<typeof openLmdbEnvironment>[0]['logger'] };
};

export interface OpenedLmdb {
  readonly environment: LmdbEnvironment;
  readonly bus: LmdbBus;
  readonly store: StateStore;
  readonly clock: VirtualClock;
  readonly lines: readonly Warning[];
  close(): Promise<void>;
}

export const orgs = ['umbrella', 'acme'];

export const openLmdb = async (
  directory: string,
  options: { clock?: VirtualClock; topics?: readonly RetainedTopic[]; orgs?: readonly string[] } = {},
): Promise<OpenedLmdb> => {
  const clock = options.clock ?? createVirtualClock(Date.UTC(2026, 0, 1));
  const { lines, logger } = createRecordingLogger();
  const environment = await openLmdbEnvironment({ directory, logger });
  const { topics } = options;
  const bus = await createLmdbBus({
    environment,
    orgs: options.orgs ?? orgs,
    clock,
    ...(topics === undefined ? {} : { topics }),
  });
  const store = createLmdbStateStore({ environment, bus });
  const close = async () => {
    await bus.close();
    await environment.close();
  };
  return { environment, bus, store, clock, lines, close };
};

export const createDirectory = async (): Promise<{ directory: string; remove: () => Promise<void> }> => {
  const parent = await mkdtemp(join(tmpdir(), 'kriver-'));
  return { directory: join(parent, 'data'), remove: () => rm(parent, { recursive: true, force: true }) };
};
