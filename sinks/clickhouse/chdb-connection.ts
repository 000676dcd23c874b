import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

interface Parameters {
  readonly query: string;
  readonly values?: string | Readable;
}

type Call<Result> = (parameters: Parameters) => Promise<Result>;

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
  return Buffer.concat(chunks);
};

let files = 0;

/**
 * chdb's connection with two of its limits lifted.
 *
 * - It runs one query at a time. A second one would occupy a thread of Node's small pool just to wait, so calls queue
 *   here, first come first served.
 * - It turns the body of an insert into text, which breaks binary formats and characters cut by a chunk. The body goes
 *   through a file of its own instead, which the engine reads by itself (`FROM INFILE`); bodies of 4 MB handed over in
 *   the statement failed where the same file did not.
 */
export const serialise = (connection: RawConnection, directory: string): RawConnection => {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(run: () => Promise<Result>): Promise<Result> => {
    const result = last.then(run);
    last = result.catch(() => undefined);
    return result;
  };

  const withBody = async <Result>(call: Call<Result>, parameters: Parameters): Promise<Result> => {
    const { query, values, ...rest } = parameters;
    if (values === undefined) return inTurn(() => call(parameters));
    const body = await collect(values);
    const format = query.lastIndexOf('FORMAT ');
    files += 1;
    const file = join(directory, `${process.pid}-${files}.rows`);
    const literal = file.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    const sql = `${query.slice(0, format)}FROM INFILE '${literal}' COMPRESSION 'none' ${query.slice(format)}`;
    return inTurn(async () => {
      await writeFile(file, body, { mode: 0o600 });
      try {
        return await call({ ...rest, query: sql });
      } finally {
        await rm(file, { force: true });
      }
    });
  };

  return {
    query: (parameters) => inTurn(() => connection.query(parameters)),
    command: (parameters) => inTurn(() => connection.command(parameters)),
    exec: (parameters) => withBody((call) => connection.exec(call), parameters),
    insert: (parameters) => withBody((call) => connection.command(call), parameters),
    ping: (parameters) => inTurn(() => connection.ping(parameters)),
    close: () => inTurn(() => connection.close()),
  };
};
