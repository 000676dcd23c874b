import type { ClickHouseSettings } from './settings.ts';

/** Where a clustered statement belongs. */
export interface Cluster {
  /** As in `remote_servers` of the servers' configuration. */
  readonly name: string;
  readonly database: string;
}

/** The cluster of the settings; undefined where there is none. */
export const toCluster = ({ cluster, database }: ClickHouseSettings): Cluster | undefined =>
  cluster === undefined ? undefined : { name: cluster, database };

/** The table that keeps a shard's rows; the one of the plain name only distributes. */
export const toLocalTable = (table: string): string => `${table}_local`;

const createTable =
  /^CREATE TABLE IF NOT EXISTS (\w+) (\([\s\S]*\))\s*ENGINE = ReplacingMergeTree(\(\w+\))?([\s\S]*?ORDER BY \(?(\w+)[\s\S]*)$/;
const createView = /^CREATE OR REPLACE VIEW (\w+)\b([\s\S]*)$/;
const alterTable = /^ALTER TABLE (\w+) (\w+ \w+)\b([\s\S]*)$/;

/** What the distributing table must know of as well, beside the one that keeps the rows. */
const ofBoth = new Set(['ADD COLUMN', 'DROP COLUMN', 'RENAME COLUMN']);

/**
 * A statement of a migration as a cluster is to run it.
 *
 * - A table becomes two: NAME_local keeps the rows of a shard, replicated under the macros {shard} and {replica} of the servers
 *   (their defaults), and NAME distributes over all shards. Rows go where the first column of the order sends them: the
 *   org, in every table that has one, so that FINAL sees all versions of a row and an org is wholly on one shard.
 * - Views and alterations are run on every server.
 *
 * Throws on a statement of any other form: a migration that needs one says here what becomes of it.
 */
export const toClustered = (statement: string, { name, database }: Cluster): readonly string[] => {
  const onCluster = `ON CLUSTER '${name}'`;
  const [, table, columns, version = '', rest, first] = createTable.exec(statement) ?? [];
  if (table !== undefined) {
    const local = toLocalTable(table);
    return [
      `CREATE TABLE IF NOT EXISTS ${local} ${onCluster} ${columns} ENGINE = ReplicatedReplacingMergeTree${version}${rest}`,
      `CREATE TABLE IF NOT EXISTS ${table} ${onCluster} AS ${local}
ENGINE = Distributed('${name}', '${database}', '${local}', cityHash64(${first}))`,
    ];
  }
  const [, view, query] = createView.exec(statement) ?? [];
  if (view !== undefined) return [`CREATE OR REPLACE VIEW ${view} ${onCluster}${query}`];
  const [, altered, action = '', change] = alterTable.exec(statement) ?? [];
  if (altered === undefined) throw new Error(`This has no form for a cluster: ${statement.slice(0, 60)}`);
  const tables = ofBoth.has(action) ? [toLocalTable(altered), altered] : [toLocalTable(altered)];
  return tables.map((each) => `ALTER TABLE ${each} ${onCluster} ${action}${change}`);
};
