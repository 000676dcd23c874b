import type { ClickHouseClient } from '@clickhouse/client';
import { checksumOf, parseChunk, toChunks } from './state-text.ts';

/** Raised when the text of a state is written in another way: state of another format is left alone, and folded anew. */
export const stateFormat = 1;

/** A state as it is stored: values as JSON. */
export interface StoredState {
  readonly offset: number;
  readonly generation: bigint;
  readonly slot: number;
  readonly entries: ReadonlyMap<string, string>;
}

export interface StoredStates {
  /** The newest that is whole; undefined when there is none. */
  readonly state: StoredState | undefined;
  /** Why newer ones were left aside. */
  readonly damages: readonly string[];
  /** The newest generation that was seen, whole or not; 0 when there was none. */
  readonly newest: bigint;
}

interface Head {
  readonly slot: number;
  readonly generation: string;
  readonly offset: string;
  readonly format: number;
  readonly chunks: number;
  readonly found: number;
}

type Key = { readonly name: string; readonly partition: number };

/**
 * Newest first. Without FINAL: a generation that another one is to replace is as good as it was, and until then it is
 * one more to fall back on.
 */
const readHeads = async (client: ClickHouseClient, key: Key, signal: AbortSignal): Promise<readonly Head[]> => {
  const answer = await client.query({
    query: `SELECT slot, toString(s.generation) AS generation, toString(any(s.offset)) AS offset,
        any(s.format) AS format, max(s.chunks) AS chunks, toUInt32(uniqExact(s.chunk)) AS found
      FROM processor_state AS s WHERE s.partition = {partition:UInt32} AND s.name = {name:String}
      GROUP BY s.slot, s.generation ORDER BY s.generation DESC`,
    query_params: { name: key.name, partition: key.partition },
    format: 'JSONEachRow',
    abort_signal: signal,
  });
  return answer.json<Head>();
};

const readChunk = async (
  client: ClickHouseClient,
  key: Key,
  head: Head,
  chunk: number,
  signal: AbortSignal,
): Promise<{ text: string; checksum: number } | undefined> => {
  const answer = await client.query({
    query: `SELECT text, checksum FROM processor_state
      WHERE partition = {partition:UInt32} AND name = {name:String} AND slot = {slot:UInt8} AND chunk = {chunk:UInt32}
        AND generation = {generation:UInt64} LIMIT 1`,
    query_params: { ...key, slot: head.slot, chunk, generation: head.generation },
    format: 'JSONEachRow',
    abort_signal: signal,
  });
  const [row] = await answer.json<{ text: string; checksum: number }>();
  return row;
};

/** The entries of one generation, or why they cannot be used. */
const readEntries = async (
  client: ClickHouseClient,
  key: Key,
  head: Head,
  signal: AbortSignal,
): Promise<Map<string, string> | string> => {
  if (head.format !== stateFormat) return `the format is ${head.format} where this program reads ${stateFormat}`;
  if (head.found !== head.chunks) return 'not all pieces are there';
  const entries = new Map<string, string>();
  const place = { ...key, generation: BigInt(head.generation), offset: Number(head.offset) };
  // The next piece is asked for before this one is parsed: the engine unpacks it meanwhile.
  let next = readChunk(client, key, head, 0, signal);
  for (let chunk = 0; chunk < head.chunks; chunk += 1) {
    const row = await next;
    if (chunk + 1 < head.chunks) {
      next = readChunk(client, key, head, chunk + 1, signal);
      next.catch(() => undefined);
    }
    const chunks = chunk + 1 === head.chunks ? head.chunks : 0;
    if (row === undefined || checksumOf({ ...place, chunk, chunks }, row.text) !== row.checksum) {
      return `the checksum of piece ${chunk} does not match`;
    }
    for (const [entry, json] of parseChunk(row.text)) entries.set(entry, json);
  }
  return entries;
};

/** The newest state that is whole. Rejects with what the client threw when ClickHouse does not answer. */
export const readState = async (client: ClickHouseClient, key: Key, signal: AbortSignal): Promise<StoredStates> => {
  const heads = await readHeads(client, key, signal);
  const newest = BigInt(heads[0]?.generation ?? 0);
  const damages: string[] = [];
  for (const head of heads) {
    const entries = await readEntries(client, key, head, signal);
    const generation = BigInt(head.generation);
    if (typeof entries !== 'string') {
      return { state: { offset: Number(head.offset), generation, slot: head.slot, entries }, damages, newest };
    }
    damages.push(`of that of offset ${head.offset}, ${entries}`);
  }
  return { state: undefined, damages, newest };
};

/** The newest generation in the table, of whoever wrote it. */
export const readNewest = async (client: ClickHouseClient, key: Key, signal: AbortSignal): Promise<bigint> =>
  BigInt((await readHeads(client, key, signal))[0]?.generation ?? 0);

/**
 * Writes a state in pieces, one insert each: rows of many megabytes would have to be held several times over on both
 * sides. The last one says how many there are, so what a crash leaves half written is known as such, and the other slot
 * holds what was before. Rejects with what the client threw.
 */
export const writeState = async (
  client: ClickHouseClient,
  key: Key,
  state: StoredState,
  signal: AbortSignal,
): Promise<void> => {
  const { slot, generation, offset } = state;
  const pieces = toChunks(state.entries);
  let piece = pieces.next();
  for (let chunk = 0; piece.done !== true; chunk += 1) {
    const text = piece.value;
    piece = pieces.next();
    const chunks = piece.done === true ? chunk + 1 : 0;
    const checksum = checksumOf({ ...key, generation, offset, chunk, chunks }, text);
    await client.insert({
      table: 'processor_state',
      columns: ['name', 'partition', 'slot', 'chunk', 'chunks', 'generation', 'offset', 'format', 'checksum', 'text'],
      values: [
        { ...key, slot, chunk, chunks, generation: String(generation), offset, format: stateFormat, checksum, text },
      ],
      format: 'JSONEachRow',
      abort_signal: signal,
    });
  }
};
