import type { ClickHouseClient } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../sinks/clickhouse/migrate.ts';
import { migrations } from '../../../sinks/clickhouse/migrations/index.ts';
import { applyRetention } from '../../../sinks/clickhouse/retention.ts';
import { clickHouseSettingsSchema } from '../../../sinks/clickhouse/settings.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

const names = migrations.map(({ name }) => name);

describe.skipIf(!chdbAvailable)('migrations', () => {
  const database = useDatabase({ migrated: false });

  it('are applied in order and named; a second run applies nothing', async () => {
    expect((await migrate(database.client)).map(({ name }) => name)).toEqual(names);
    expect(await migrate(database.client)).toEqual([]);
  });

  it('can be applied again when a crash fell between a statement and the record that it is done', async () => {
    await database.client.command({ query: 'TRUNCATE TABLE kriver_migrations' });
    expect((await migrate(database.client)).map(({ name }) => name)).toEqual(names);
  });

  it('apply what a newer program adds, and only that', async () => {
    const number = migrations.length + 1;
    const added = { number, name: 'added', statements: ['CREATE TABLE added (id UInt8) ENGINE = Memory'] };
    expect(await migrate(database.client, { list: [...migrations, added] })).toEqual([{ number, name: 'added' }]);
    expect(await database.rows('EXISTS added')).toEqual([{ result: 1 }]);
  });

  it('refuse a database that a newer program has migrated', async () => {
    await expect(migrate(database.client)).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: `The database is at migration ${migrations.length + 1}, this program knows ${migrations.length}.`,
    });
  });

  it('are numbered from 1 without gaps', () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
  });

  it('make every table one that replaces rows of one identity', async () => {
    const rows = await database.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT IN ('View', 'ReplacingMergeTree')",
    );
    expect(rows).toEqual([{ name: 'added' }]);
  });
});

describe.skipIf(!chdbAvailable)('retention', () => {
  const database = useDatabase();
  const settings = clickHouseSettingsSchema.parse({ events_ttl_days: 100, raw_ttl_days: 7, readings_ttl_days: 500 });
  const statement = async (table: string): Promise<string> => {
    const [row] = await database.rows<{ statement: string }>(
      'SELECT create_table_query AS statement FROM system.tables WHERE name = {table:String}',
      { table },
    );
    return row?.statement ?? '';
  };

  it('gives each table the TTL of the settings, and the raw column its own', async () => {
    await applyRetention(database.client, settings);
    expect(await statement('events')).toContain('TTL toDateTime(published) + toIntervalDay(100)');
    expect(await statement('events')).toMatch(
      /`raw` String .*CODEC\(ZSTD\(3\)\) TTL toDateTime\(published\) \+ toIntervalDay\(7\)/,
    );
    expect(await statement('readings')).toContain('TTL toDateTime(as_of) + toIntervalDay(500)');
    expect(await statement('thresholds')).not.toContain('TTL');
  });

  it('changes nothing when the settings are the same, and follows them when they change', async () => {
    const altered: string[] = [];
    const client: ClickHouseClient = Object.create(database.client, {
      command: {
        value: (statement: { query: string }) => {
          altered.push(statement.query);
          return database.client.command(statement);
        },
      },
    });
    await applyRetention(client, settings);
    expect(altered).toEqual([]);
    await applyRetention(client, { ...settings, events_ttl_days: 1_000 });
    expect(altered).toHaveLength(1);
    expect(await statement('events')).toContain('TTL toDateTime(published) + toIntervalDay(1000)');
  });

  it('drops the raw JSON of an old event and keeps its facts', async () => {
    await database.client.command({
      query: `INSERT INTO events (org, published, uuid, event_type, raw, version)
        VALUES ('acme', now64(3) - INTERVAL 8 DAY, 'old', 'x', '{}', 1), ('acme', now64(3), 'new', 'x', '{}', 2)`,
    });
    await database.client.command({ query: 'OPTIMIZE TABLE events FINAL' });
    expect(await database.rows('SELECT uuid, raw FROM events ORDER BY uuid')).toEqual([
      { uuid: 'new', raw: '{}' },
      { uuid: 'old', raw: '' },
    ]);
  });
});
