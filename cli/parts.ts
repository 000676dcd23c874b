import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import type { OktaClient } from '../ingest/okta/client.ts';
import type { Bus } from '../runtime/bus/bus.ts';
import type { Clock } from '../runtime/clock.ts';
import type { DiskGuard } from '../runtime/disk-guard.ts';
import type { StateStore } from '../runtime/state-store.ts';
import type { DraxisTarget } from '../sinks/draxis/run-draxis.ts';
import type { Config } from './config/config.ts';
import type { Stage } from './stage.ts';

/**
 * Everything that one process of Kriver is made of, opened and not yet running. Two composition roots build it, one a
 * mode; what comes after does not know which. Close it to stop in reverse order.
 */
export interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What this process runs. */
  readonly stages: readonly Stage[];
  readonly bus: Bus;
  readonly store: StateStore;
  /** For questions while the stages run: what is asked of it changes nothing in `store`. */
  readonly visitorStore: StateStore;
  /** Undefined where the log is not on this machine's disk. */
  readonly diskGuard: DiskGuard | undefined;
  /** Undefined when none is configured, or the embedded engine is not installed. */
  readonly clickHouse: ClickHouseClient | undefined;
  readonly okta: ReadonlyMap<string, OktaClient>;
  readonly draxis: ReadonlyMap<string, DraxisTarget>;
  /** True when the last process did not stop cleanly: sinks then write the last minutes again. */
  readonly uncleanStop: boolean;
  /** Drops a piece of what the topics no longer keep, where that is not the broker's work; `more` says to call again. */
  readonly purge?: (now: number) => Promise<{ readonly more: boolean }>;
  close(): Promise<void>;
}
