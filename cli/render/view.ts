import type { Level } from './colour.ts';

/** What the terminal shows of one org, as data. Texts are untrusted; times are milliseconds since the epoch. */
export interface KrisView {
  readonly org: string;
  readonly now: number;
  readonly rows: readonly KriRow[];
  readonly ingest: {
    readonly eventsPerSecond: number;
    readonly eventsTotal: number;
    readonly asOfMs: number | undefined;
    readonly lagMs: number | undefined;
  };
  readonly sweeps: readonly SweepRow[];
  readonly messages: readonly string[];
}

export interface KriRow {
  readonly slug: string;
  readonly title: string;
  readonly value: number | null;
  readonly unit: '%' | '';
  /** The value by the definition that is not shown, where it differs. */
  readonly otherValue?: number | null | undefined;
  readonly otherDefinition?: string | undefined;
  readonly level: Level;
  /** Oldest first; null where nothing is known. */
  readonly history: readonly (number | null)[];
  /** 0..1 */
  readonly coverage: number;
  readonly status: 'ok' | 'partial' | 'unknown';
  readonly reason?: string | undefined;
  readonly asOfMs: number | undefined;
  readonly lastPush?: { readonly value: number; readonly asOfMs: number; readonly outcome: string } | undefined;
}

export interface SweepRow {
  readonly kind: string;
  readonly read: number;
  /** Null while it is not known how many there are. */
  readonly wanted: number | null;
  readonly completed: boolean;
}
