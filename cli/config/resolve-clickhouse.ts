import { join, resolve } from 'node:path';
import { type ClickHouseSettings, clickHouseSettingsSchema } from '../../sinks/clickhouse/settings.ts';
import type { TokenSources } from './credentials.ts';
import { isGroup } from './environment.ts';
import { resolveSection, type Section } from './resolve-section.ts';

/** The settings of the ClickHouse sink, secrets and files read, the directory made absolute. */
export const resolveClickHouse = (
  raw: unknown,
  dataDirectory: string,
  sources: TokenSources,
): Section<ClickHouseSettings> => {
  const written = isGroup(raw) ? raw['path'] : undefined;
  const path =
    typeof written === 'string' && written !== ''
      ? resolve(sources.directory, written)
      : join(dataDirectory, 'clickhouse');
  return resolveSection(clickHouseSettingsSchema, { path: 'clickhouse', raw, given: { path }, sources });
};
