import { orgOfKey } from '../../runtime/bus/bus.ts';
import { AppError } from '../../runtime/errors.ts';
import { deadLetterSchema } from '../../schemas/dead-letter.ts';
import { type Progress, progressSchema, type Sweep, sweepSchema } from '../../schemas/progress.ts';
import { readingSchema, type Score } from '../../schemas/reading.ts';
import { runSchema } from '../../schemas/run.ts';
import {
  appLinksSnapshotSchema,
  factorsSnapshotSchema,
  type PolicyRule,
  policySnapshotSchema,
  userSnapshotSchema,
} from '../../schemas/snapshots.ts';
import type { SinkRecord } from '../sink.ts';
import type { JsonRow, JsonTable } from './json-rows.ts';

/** What every row of a record carries: whose it is, and the offset that orders versions of one thing. */
const base = (record: SinkRecord) => ({ org: orgOfKey(record.key), version: record.offset });

const row = (table: JsonTable, values: Record<string, unknown>): JsonRow => ({ table, values });

const parse = (record: SinkRecord): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(record.value.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, as of any other value that is no record.
  }
  throw refuse('The value is not a JSON object.');
};

export const refuse = (reason: string): AppError =>
  new AppError('data-invalid', reason, { hint: 'The record goes to dead letters; see `kriver dlq`.' });

interface Schema<Value> {
  safeParse(value: unknown): { success: true; data: Value } | { success: false; error: { issues: readonly Issue[] } };
}
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const as = <Value>(schema: Schema<Value>, value: unknown): Value => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue?.path.map(String).join('.') || 'value'}: ${issue?.message ?? 'invalid'}`);
};

const toProgressRow = (record: SinkRecord, progress: Progress): JsonRow =>
  row('progress', {
    ...base(record),
    topic: record.topic,
    as_of: progress.asOf,
    spans: progress.spans.map(({ from, to }) => ({ from, to })),
    state: progress.state,
    engine: progress.engine,
    scopes: progress.scopes,
    dead_lettered: progress.deadLettered,
  });

const toSweepRow = (record: SinkRecord, sweep: Sweep): JsonRow =>
  row('sweeps', {
    ...base(record),
    topic: record.topic,
    sweep: sweep.sweep,
    began: sweep.began,
    completed: sweep.completed,
    state: sweep.state,
    wanted: sweep.wanted,
    read: sweep.read,
  });

/** True for the record that says how far a topic is read. The key of a System Log event is the org alone. */
export const isProgressKey = (key: string): boolean => key.endsWith('/progress');

export const toProgress = (record: SinkRecord): JsonRow => toProgressRow(record, as(progressSchema, parse(record)));

/** okta.user-snapshots: one row an entity version, with the columns of its kind filled. */
export const toUserSnapshotRow = (record: SinkRecord): JsonRow => {
  const value = parse(record);
  const snapshot = (userId: string, observedAt: string, columns: Record<string, unknown>): JsonRow =>
    row('user_snapshots', {
      ...base(record),
      kind: value.kind,
      user_id: userId,
      observed_at: observedAt,
      ...columns,
    });
  if (value.kind === 'user') {
    const { id, observedAt, status, name = null, lastUpdated = null } = as(userSnapshotSchema, value);
    return snapshot(id, observedAt, { status, name, last_updated: lastUpdated });
  }
  if (value.kind === 'factors') {
    const { id, observedAt, factors } = as(factorsSnapshotSchema, value);
    return snapshot(id, observedAt, {
      factors: factors.map(({ id: factorId = '', factorType, provider, status }) => ({
        id: factorId,
        factor_type: factorType,
        provider,
        status,
      })),
    });
  }
  if (value.kind === 'applinks') {
    const { id, observedAt, apps, links } = as(appLinksSnapshotSchema, value);
    return snapshot(id, observedAt, {
      links,
      apps: apps.map((app) => ({ app_instance_id: app.appInstanceId, label: app.label ?? '' })),
    });
  }
  if (value.kind === 'sweep') return toSweepRow(record, as(sweepSchema, value));
  return toProgressRow(record, as(progressSchema, value));
};

const textAt = (value: unknown, key: string): string | null => {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof found === 'string' ? found : null;
};

const toRule = (rule: PolicyRule): Record<string, unknown> => {
  const method = rule.verificationMethod ?? null;
  return {
    id: rule.id,
    name: rule.name ?? '',
    status: rule.status,
    system: rule.system ?? false,
    priority: rule.priority ?? null,
    access: rule.access,
    factor_mode: textAt(method, 'factorMode'),
    verification_type: textAt(method, 'type'),
    verification_method: method === null ? null : JSON.stringify(method),
  };
};

/** okta.policy-snapshots: one row a policy version, with all its rules. The view `policy_rules` has a row a rule. */
export const toPolicySnapshotRow = (record: SinkRecord): JsonRow => {
  const value = parse(record);
  if (value.kind === 'sweep') return toSweepRow(record, as(sweepSchema, value));
  if (value.kind === 'progress') return toProgressRow(record, as(progressSchema, value));
  const policy = as(policySnapshotSchema, value);
  return row('policy_snapshots', {
    ...base(record),
    policy_id: policy.id,
    observed_at: policy.observedAt,
    name: policy.name ?? '',
    status: policy.status,
    resource_type: policy.resourceType,
    rules: policy.rules.map(toRule),
  });
};

const scoreColumns = (definition: 'draxis' | 'corrected', score: Score): Record<string, unknown> => ({
  [`${definition}_value`]: score.value,
  [`${definition}_numerator`]: score.numerator,
  [`${definition}_denominator`]: score.denominator,
  [`${definition}_status`]: score.status,
  [`${definition}_reason`]: score.reason ?? null,
  [`${definition}_coverage`]: score.coverage,
});

/** kri.readings: the version is the reading's own, so that a replay and a repair order as they should. */
export const toReadingRow = (record: SinkRecord): JsonRow => {
  if (isProgressKey(record.key)) return toProgress(record);
  const reading = as(readingSchema, parse(record));
  return row('readings', {
    org: reading.org,
    slug: reading.slug,
    as_of: reading.asOf,
    ...scoreColumns('draxis', reading.draxis),
    ...scoreColumns('corrected', reading.corrected),
    measures: reading.measures,
    version: reading.version,
    digest: reading.digest,
  });
};

/** kriver.runs */
export const toRunRow = (record: SinkRecord): JsonRow => {
  const run = as(runSchema, parse(record));
  return row('runs', {
    org: run.org,
    version: record.offset,
    id: run.id,
    started: run.started,
    trigger: run.trigger,
    ended: run.ended,
    rows_written: run.rowsWritten,
    rows_skipped: run.rowsSkipped,
    fetched: run.fetched,
    error: run.error,
  });
};

/** kriver.dead-letters */
export const toDeadLetterRow = (record: SinkRecord): JsonRow => {
  const { id, org, origin, reason, at, minute, bytes, truncated } = as(deadLetterSchema, parse(record));
  return row('dead_letters', { org, id, origin, reason, at, minute, bytes, truncated, version: record.offset });
};
