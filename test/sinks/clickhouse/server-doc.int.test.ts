import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chdbAvailable, useDatabase } from './test-database.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/clickhouse-server.md', import.meta.url)), 'utf8');

const statements = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block
    .split(';\n')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== ''),
);

/** What the engine in this process can do: it has no access control, no cluster and no disk for backups. */
const isExecutable = (statement: string): boolean =>
  /^(CREATE DATABASE|DELETE|ALTER TABLE)/.test(statement) && !statement.includes('ON CLUSTER');

describe.skipIf(!chdbAvailable)('the SQL of docs/clickhouse-server.md', () => {
  const database = useDatabase();

  it.each(statements)('is what ClickHouse reads it as: %s', async (statement) => {
    const [row] = await database.rows<{ text: string }>('SELECT formatQuery({statement:String}) AS text', {
      statement,
    });
    const words = (text = ''): string => text.split(/\s+/).slice(0, 2).join(' ');
    expect(words(row?.text)).toBe(words(statement));
  });

  it('can be run where the engine here is able to', async () => {
    await database.client.command({ query: 'CREATE DATABASE kriver' });
    for (const table of ['processor_state', 'events']) {
      await database.client.command({ query: `CREATE TABLE kriver.${table} AS ${table}` });
    }
    await database.client.command({
      query: 'ALTER TABLE kriver.events MODIFY TTL toDateTime(published) + toIntervalDay(9)',
    });
    const executable = statements.filter(isExecutable);
    expect(executable).toHaveLength(3);
    for (const query of executable) await database.client.command({ query });
  });

  it('grants analysts nothing but reading', () => {
    const grants = statements.filter((statement) => /^GRANT .* TO kriver_analyst_role$/.test(statement));
    expect(grants).toEqual(['GRANT SELECT ON kriver.* TO kriver_analyst_role']);
  });
});
