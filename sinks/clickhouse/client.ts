import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { AppError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import { type RawConnection, removeLeftovers, serialise } from './chdb-connection.ts';
import { toText } from './clickhouse-error.ts';
import type { ClickHouseSettings } from './settings.ts';

export type { ClickHouseClient };

/** A client opened with limits is read-only: it is what `kriver sql` gets, and it can do nothing else. */
export interface QueryLimits {
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  readonly maxRows: number;
}

/** 64-bit integers as text, times as ISO 8601 in UTC: what JSON can carry without loss, the same in both modes. */
const formats = {
  output_format_json_quote_64bit_integers: 1,
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
} as const;

/** The client's own log prints whole errors, which quote rows, past the redaction of Kriver's. */
const log = { level: ClickHouseLogLevel.OFF };

/** readonly comes last: after it nothing can be set any more. */
const toSettings = (limits: QueryLimits) => ({
  max_execution_time: limits.maxSeconds,
  max_memory_usage: String(limits.maxMemoryBytes),
  max_result_rows: String(limits.maxRows + 1),
  result_overflow_mode: 'break' as const,
  readonly: '1',
});

/**
 * The ClickHouse engine in this process, over one directory. Needs the optional package `chdb`, which is loaded here and
 * nowhere else; without it the error is `clickhouse-missing`.
 *
 * Every call gives a client of its own with its own session, and one runs one query at a time: open one for the writer,
 * one for the dashboard and one, with limits, for `kriver sql`. All must name the same directory, since the engine knows one
 * a process; a directory that another process has open gives `directory-in-use`. The directory is free again when the
 * last client is closed. Never pass `clickhouse_settings` to such a client: they would stick to its session.
 */
export const openChdb = async (options: { path: string; limits?: QueryLimits }): Promise<ClickHouseClient> => {
  const { createChdbConnection } = await loadChdb();
  const bodies = join(options.path, 'kriver-inserts');
  await mkdir(bodies, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new AppError('directory-unwritable', `The database directory ${options.path} cannot be created.`, {
      hint: 'Check the owner and the mode of the data directory, and the space on its disk.',
      cause: error,
    });
  });
  let connection: RawConnection;
  try {
    connection = createChdbConnection({ path: options.path }) as RawConnection;
  } catch (error) {
    throw new AppError('directory-in-use', `The database in ${options.path} cannot be opened: ${toText(error)}`, {
      hint: 'Only one process at a time may use it: stop the other one, or ask it through its socket.',
      cause: error,
    });
  }
  // The one place where chdb's connection meets the client: both declare the same contract, in two copies of one package.
  const client = createClient({ connection: serialise(connection, bodies) as never, log });
  try {
    await removeLeftovers(bodies);
    for (const [name, value] of Object.entries({ ...formats, ...(options.limits && toSettings(options.limits)) })) {
      await client.command({ query: `SET ${name} = ${typeof value === 'string' ? `'${value}'` : value}` });
    }
    await assertDurableInserts(client);
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
};

export interface ServerOptions {
  readonly url: string;
  readonly user: string;
  readonly password?: Secret | undefined;
  readonly database: string;
  /** PEM texts for https; certificates are always verified. */
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: Secret | undefined;
  readonly cluster?: string | undefined;
  readonly limits?: QueryLimits | undefined;
  /** How long one request may take; longer with limits that allow more. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 60_000;

/** How to connect by the settings; with limits as the user for `kriver sql`, where there is one. */
export const toServerOptions = (settings: ClickHouseSettings, limits?: QueryLimits): ServerOptions => {
  const { url = '', user, password, database, ca, certificate, key, cluster, sql_user, sql_password } = settings;
  const account =
    limits === undefined || sql_user === undefined ? { user, password } : { user: sql_user, password: sql_password };
  return { url, ...account, database, ca, certificate, key, cluster, limits };
};

const toTls = ({ ca, certificate, key }: ServerOptions) => {
  const authority = ca === undefined ? undefined : Buffer.from(ca);
  if (certificate !== undefined && key !== undefined) {
    const ca_cert = authority ?? Buffer.from(rootCertificates.join('\n'));
    return { tls: { ca_cert, cert: Buffer.from(certificate), key: Buffer.from(key.reveal()) } };
  }
  return authority === undefined ? {} : { tls: { ca_cert: authority } };
};

/** On a cluster an insert is acknowledged when its shards have it, not when one server has noted to send it on. */
const clustered = { distributed_foreground_insert: 1 } as const;

/**
 * A client for a ClickHouse server over HTTP. Connects with the first query, so a server that is down is met there.
 * Inserts are acknowledged when they are written: that is asked for with every request. A free query is read-only by
 * request as well, which a user whose profile sets `readonly` may not ask for: see docs/clickhouse-server.md.
 */
export const connectServer = (options: ServerOptions): ClickHouseClient =>
  createClient({
    url: options.url,
    username: options.user,
    password: options.password?.reveal() ?? '',
    database: options.database,
    application: 'kriver',
    log,
    ...toTls(options),
    compression: { request: true, response: false },
    max_open_connections: 4,
    request_timeout: Math.max(
      options.timeoutMs ?? defaultTimeoutMs,
      options.limits === undefined ? 0 : (options.limits.maxSeconds + 10) * 1_000,
    ),
    clickhouse_settings: {
      ...formats,
      wait_for_async_insert: 1,
      ...(options.cluster === undefined ? {} : clustered),
      ...(options.limits && toSettings(options.limits)),
    },
  });

/** True when the optional engine can be loaded; for `kriver doctor` and for tests that need it. */
export const isChdbAvailable = async (): Promise<boolean> =>
  loadChdb().then(
    () => true,
    () => false,
  );

/** Whatever the server's profile says: an insert that is acknowledged before it is written would lose acked records. */
export const assertDurableInserts = async (client: ClickHouseClient, options: { clustered?: boolean } = {}) => {
  const needed = ['wait_for_async_insert', ...(options.clustered === true ? ['distributed_foreground_insert'] : [])];
  for (const setting of needed) {
    const query = `SELECT toUInt8(getSetting('${setting}')) AS value`;
    const answer = await client.query({ query, format: 'JSONEachRow' });
    const [row] = await answer.json<{ value: number }>();
    if (row?.value === 1) continue;
    throw new AppError('configuration-invalid', 'ClickHouse acknowledges inserts before they are written.', {
      hint: `Set ${setting} = 1 in the profile of Kriver's user.`,
    });
  }
};

const loadChdb = async () => {
  try {
    return await import('chdb/connection');
  } catch (error) {
    throw new AppError('clickhouse-missing', `The embedded ClickHouse engine cannot be loaded: ${toText(error)}`, {
      hint: 'Run `npm install chdb` (Linux with glibc, or macOS), or set clickhouse.kind to server or none.',
      cause: error,
    });
  }
};
