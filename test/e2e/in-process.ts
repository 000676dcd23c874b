import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOnce } from '../../cli/commands/once.ts';
import { requireConfig } from '../../cli/config/load.ts';
import { openEmbedded } from '../../cli/embedded.ts';
import { createLogger } from '../../cli/logger.ts';
import type { Parts } from '../../cli/parts.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Reading } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { openChdb } from '../../sinks/clickhouse/client.ts';

/** A directory of its own with a kriver.yaml (JSON is YAML) for what the environment cannot say. */
export const createWorkspace = (settings: Readonly<Record<string, unknown>> = {}) => {
  const directory = mkdtempSync(join(tmpdir(), 'kriver-e2e-'));
  writeFileSync(
    join(directory, 'kriver.yaml'),
    JSON.stringify({ log_level: 'debug', disk_reserve_mb: 1, ...settings }),
  );
  return {
    directory,
    data: join(directory, 'data'),
    remove: () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
};

export type Workspace = ReturnType<typeof createWorkspace>;

interface Surroundings {
  readonly workspace: Workspace;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Opens Kriver on the workspace in this process, for as long as `use` takes. */
export const withKriver = async <Result>(
  { workspace, environment, clock }: Surroundings,
  use: (embedded: Parts, log: readonly string[]) => Promise<Result>,
): Promise<Result> => {
  const config = requireConfig({
    dataDirectory: workspace.data,
    environment,
    workingDirectory: workspace.directory,
  });
  const log: string[] = [];
  const write = (line: string) => void log.push(line);
  const logger = createLogger({ level: config.logLevel, pretty: false, colour: false, write });
  const embedded = await openEmbedded(config, clock, logger);
  try {
    return await use(embedded, log);
  } finally {
    await embedded.close();
  }
};

/** `kriver once` in this process. */
export const once = (surroundings: Surroundings) =>
  withKriver(surroundings, async (embedded, log) => {
    const { reports, texts, code } = await runOnce(embedded, new AbortController().signal);
    const [report] = reports;
    if (report === undefined) throw new Error('no report');
    const readingOf = (slug: Slug): Reading => {
      const reading = report.readings.find((candidate) => candidate.slug === slug);
      if (reading === undefined) throw new Error(`no reading of ${slug}`);
      return reading;
    };
    return { report, readingOf, code, text: texts.join('\n'), log };
  });

/** Rows of the workspace's own ClickHouse, which nobody may have open. */
export const query = async <Row>({ data }: Workspace, sql: string): Promise<readonly Row[]> => {
  const client = await openChdb({ path: join(data, 'clickhouse') });
  try {
    return await (await client.query({ query: sql, format: 'JSONEachRow' })).json<Row>();
  } finally {
    await client.close();
  }
};
