import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

interface Statement {
  readonly query: string;
  readonly values?: string | Readable;
}

type Call<Result> = (statement: Statement) => Promise<Result>;

/** What of chdb's connection is used here; its own types are those of another copy of the client's library. */
export interface RawConnection {
  query: Call<unknown>;
  exec: Call<unknown>;
  command: Call<unknown>;
  insert: Call<unknown>;
  ping(parameters: unknown): Promise<unknown>;
  close(): Promise<void>;
}

const collect = async (values: string | Readable): Promise<Buffer> => {
  if (typeof values === 'string') return Buffer.from(values);
  const chunks: Buffer[] = [];
  for await (const chunk of values) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer));
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
};

/** The files that inserts of this process, over any connection, are using. */
const writing = new Set<string>();
let files = 0;

/** The insert with a file in place of the body: `INSERT … FORMAT F`, or `INSERT … SELECT … FROM input('…') FORMAT F`. */
const readFrom = (file: string, query: string): string => {
  const at = query.lastIndexOf('FORMAT ');
  const [statement, format] = [query.slice(0, at), query.slice(at + 'FORMAT '.length).trim()];
  const input = statement.indexOf("FROM input('");
  if (input < 0) return `${statement}FROM INFILE '${file}' COMPRESSION 'none' FORMAT ${format}`;
  return `${statement.slice(0, input)}FROM file('${file}', '${format}', ${statement.slice(input + 'FROM input('.length)}`;
};

/**
 * chdb's connection with two of its limits lifted.
 *
 * - It runs one query at a time. A second one would occupy a thread of Node's small pool just to wait, so calls queue
 *   here, first come first served.
 * - It turns the body of an insert into text, which breaks binary formats and characters cut by a chunk. The body goes
 *   through a file of its own instead, which the engine reads by itself (`FROM INFILE`, or `file` in place of `input`);
 *   bodies of 4 MB handed over in the statement failed where the same file did not.
 */
export const serialise = (connection: RawConnection, directory: string): RawConnection => {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const result = last.then(run);
    last = result.catch(() => undefined);
    return result;
  };

  const withBody = async <Result>(call: Call<Result>, statement: Statement): Promise<Result> => {
    const { query, values, ...rest } = statement;
    if (values === undefined) return inTurn(() => call(statement));
    const body = await collect(values);
    files += 1;
    const file = join(directory, `${files}.rows`);
    const literal = file.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    const sql = readFrom(literal, query);
    return inTurn(async () => {
      writing.add(file);
      try {
        await writeFile(file, body, { mode: 0o600 });
        return await call({ ...rest, query: sql });
      } finally {
        await rm(file, { force: true });
        writing.delete(file);
      }
    });
  };

  return {
    query: (statement) => inTurn(() => connection.query(statement)),
    command: (statement) => inTurn(() => connection.command(statement)),
    exec: (statement) => withBody((bodiless) => connection.exec(bodiless), statement),
    insert: (statement) => withBody((bodiless) => connection.command(bodiless), statement),
    ping: (options) => inTurn(() => connection.ping(options)),
    close: () => inTurn(() => connection.close()),
  };
};

/**
 * Removes what a process that was killed during an insert has left: the engine's directory belongs to one process at a
 * time, so whatever this one is not writing is nobody's. By name of the file, not of the process: in a container both had
 * the same number.
 */
export const removeLeftovers = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    if (!writing.has(file)) await rm(file, { force: true });
  }
};
