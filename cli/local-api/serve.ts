import { rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AppError } from '../../runtime/errors.ts';
import { createQueries, type Queries, type QuerySource } from '../queries/queries.ts';
import { mostAnswerBytes, mostBodyBytes } from './limits.ts';
import { answerRequest, type LocalRequest } from './routes.ts';
import { distantSocket, fitsSocket, makePrivateDirectory, pointerFile, socketFile } from './socket-path.ts';
import { toWireError } from './wire-error.ts';

export interface ServeLocalApiOptions {
  /** `Parts` has all of it, with the visitors' store. */
  readonly source: QuerySource & { readonly logger: { warn(fields: object, message: string): void } };
  readonly signal: AbortSignal;
  /** Called once requests are taken. */
  readonly onListening?: (socket: string) => void;
}

const mostConnections = 32;

/**
 * Serves the questions of the other commands on a unix socket, mode 0600, until the signal aborts. Call it only in the
 * process that has the data directory open: a socket that lies there is then of a process that is gone, and is replaced.
 */
export const serveLocalApi = async (options: ServeLocalApiOptions): Promise<void> => {
  const { source, signal } = options;
  const { dataDirectory } = source.config;
  const queries = createQueries(source);
  const server = createServer((request, response) => void respond(queries, request, response, source.logger));
  server.maxConnections = mostConnections;
  try {
    const file = await listenSomewhere(server, dataDirectory);
    options.onListening?.(file);
    await aborted(signal, server);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    await rm(file, { force: true });
    await rm(pointerFile(dataDirectory), { force: true });
  } finally {
    await queries.close();
  }
};

const aborted = (signal: AbortSignal, server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    server.once('error', reject);
  });

/** In the data directory; where its path is too long, or its file system has no sockets, in a private directory of /tmp. */
const listenSomewhere = async (server: Server, dataDirectory: string): Promise<string> => {
  const near = socketFile(dataDirectory);
  await rm(pointerFile(dataDirectory), { force: true });
  if (fitsSocket(near)) {
    try {
      await listen(server, near);
      return near;
    } catch (error) {
      if (!isUnsupported(error)) throw toListenError(error, near);
    }
  }
  const distant = distantSocket(dataDirectory);
  await makePrivateDirectory(distant.directory);
  try {
    await listen(server, distant.file);
    await writeFile(pointerFile(dataDirectory), `${distant.file}\n`, { mode: 0o600 });
    return distant.file;
  } catch (error) {
    throw toListenError(error, distant.file);
  }
};

const unsupported: readonly unknown[] = ['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL', 'ENAMETOOLONG'];
const isUnsupported = (error: unknown): boolean => unsupported.includes((error as NodeJS.ErrnoException).code);

const toListenError = (error: unknown, file: string): AppError =>
  new AppError('directory-unwritable', `${file} cannot be listened on (${(error as NodeJS.ErrnoException).code}).`, {
    hint: 'Check that this user may write the data directory.',
    cause: error,
  });

const listen = async (server: Server, file: string): Promise<void> => {
  await rm(file, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is bound within the call, and so made with this mask: a chmod afterwards would come too late.
    const mask = process.umask(0o177);
    try {
      server.listen(file, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
};

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const respond = async (
  queries: Queries,
  request: IncomingMessage,
  response: ServerResponse,
  logger: ServeLocalApiOptions['source']['logger'],
): Promise<void> => {
  const send = (status: number, body: Buffer) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(body.length) });
    response.end(body);
  };
  try {
    const body = toBytes(await answerRequest(queries, await toLocalRequest(request)));
    if (body.length > mostAnswerBytes) throw tooLarge('The answer');
    send(200, body);
  } catch (error) {
    if (!(error instanceof AppError)) {
      logger.warn({ component: 'local-api', err: error }, 'a request over the socket failed');
    }
    send(422, toBytes({ error: toWireError(error) }));
  }
};

const tooLarge = (what: string): AppError =>
  new AppError('usage-invalid', `${what} is too large.`, { hint: 'Ask for less.' });

const toLocalRequest = async (request: IncomingMessage): Promise<LocalRequest> => {
  const url = new URL(request.url ?? '/', 'http://kriver');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBodyBytes) throw tooLarge('The request');
    chunks.push(chunk);
  }
  const method = request.method === 'POST' ? 'POST' : 'GET';
  return { method, path: url.pathname, query: url.searchParams, body: parseBody(Buffer.concat(chunks)) };
};

const parseBody = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new AppError('usage-invalid', 'The request is not JSON.', { hint: 'Send a JSON object.' });
  }
};
