import type { Logger } from 'pino';
import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { Until } from '../../runtime/bus/consume-partitions.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { DiskGuard } from '../../runtime/disk-guard.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Engine, SourceState } from '../../schemas/progress.ts';
import type { OktaClient } from '../okta/client.ts';
import type { IngestSettings } from '../settings.ts';

/** One org to read: its name, its client (which holds URL and token), its settings. */
export interface OrgSource {
  readonly org: string;
  readonly okta: OktaClient;
  readonly settings: IngestSettings;
}

export interface Fetched {
  events: number;
  users: number;
  factors: number;
  applinks: number;
  policies: number;
  rules: number;
  requests: number;
}

export type IngestLogger = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** What all sources of one org share while this process owns the org's partition. */
export interface OrgRun extends OrgSource {
  readonly clock: Clock;
  readonly logger: IngestLogger;
  readonly until: Until;
  /** Aborts when Kriver stops or the partition goes to another process. */
  readonly signal: AbortSignal;
  readonly fetched: Fetched;
  engine: Engine;
  /** Appends records, one call after another, and only while the partition is ours. Resolves when they are durable. */
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  /** Resolves when the disk has room for what polling would add; asked before each page. Rejects when the signal aborts. */
  room(): Promise<void>;
}

export const createOrgRun = (options: {
  source: OrgSource;
  bus: Bus;
  clock: Clock;
  logger: IngestLogger;
  until: Until;
  signal: AbortSignal;
  diskGuard: DiskGuard | undefined;
}): OrgRun => {
  const { source, bus, clock, logger, until, signal, diskGuard } = options;
  let tail: Promise<void> = Promise.resolve();
  return {
    ...source,
    clock,
    logger,
    until,
    signal,
    engine: 'unknown',
    fetched: { events: 0, users: 0, factors: 0, applinks: 0, policies: 0, rules: 0, requests: 0 },
    publish: (records) => {
      const published = tail.then(async () => {
        signal.throwIfAborted();
        await bus.publish(records);
      });
      tail = published.catch(() => {});
      return published;
    },
    room: async () => {
      if (until === 'caught-up' && (await diskGuard?.low()) === true) {
        throw new AppError('disk-full', 'Too little space is left on the disk to read on.', {
          hint: 'Free space on the file system of the data directory, then run again.',
        });
      }
      await diskGuard?.waitForSpace(signal);
      signal.throwIfAborted();
    },
  };
};

/** Whether an error is about a source, so that the source is tried again later and all others go on. */
export const isSourceError = (error: unknown): error is AppError =>
  error instanceof AppError && (error.code.startsWith('okta-') || error.code === 'disk-full');

/**
 * For records that only say how a source fares, which the next heartbeat says again: that the disk is full must not
 * turn a source that waits for space into one that ends.
 */
export const unlessFull = async (work: Promise<void>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'disk-full') throw error;
  }
};

export const toSourceState = (error: AppError): SourceState => {
  if (error.code === 'okta-unauthorised') return 'unauthorised';
  return error.code === 'okta-forbidden' ? 'forbidden' : 'failing';
};

const firstPauseMs = 10_000;
const longestPauseMs = 5 * 60_000;

/** The wait before a failed source is tried again: 10 s, doubling up to 5 min. The client itself has retried already. */
export const pauseAfter = (failures: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10));
