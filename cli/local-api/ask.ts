import { request as httpRequest, type IncomingMessage } from 'node:http';
import { AppError } from '../../runtime/errors.ts';
import { mostAnswerBytes } from './limits.ts';
import { findSocket } from './socket-path.ts';
import { fromWireError } from './wire-error.ts';

export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** Nothing is asked that takes longer; a process that was halted would otherwise halt whoever asks it. */
const longestWaitMs = 10 * 60_000;

/** What a connection fails with when nobody listens, or who did is just leaving. */
const nobody: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTDIR'];

/**
 * Asks the process that has the data directory open. Gives its answer, a JSON value under `answer`, or undefined when
 * nobody listens. Throws what that process threw.
 */
export const askLocalApi = async (
  dataDirectory: string,
  question: Question,
): Promise<{ readonly answer: unknown } | undefined> => {
  const socketPath = await findSocket(dataDirectory);
  let received: { status: number; text: string };
  try {
    received = await send(socketPath, question);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (nobody.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw new AppError(
      'directory-in-use',
      `The process on ${socketPath} cannot be asked (${(error as NodeJS.ErrnoException).code}).`,
      { hint: 'Ask as the user that it runs as, or stop it.', cause: error },
    );
  }
  const value = parse(received.text);
  if (received.status === 200) return { answer: value };
  throw fromWireError((value as { error?: unknown } | undefined)?.error);
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw fromWireError(undefined);
  }
};

const toPath = ({ path, query = {} }: Question): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search}`;
};

const send = (socketPath: string, question: Question): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const body = question.body === undefined ? undefined : Buffer.from(JSON.stringify(question.body));
    const request = httpRequest(
      {
        socketPath,
        method: question.method ?? 'GET',
        path: toPath(question),
        headers: body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length },
        agent: false,
      },
      (response) => {
        receive(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      },
    );
    request.setTimeout(longestWaitMs, () =>
      request.destroy(
        new AppError('directory-in-use', 'The running process does not answer.', {
          hint: 'Look at its log; stop it if it hangs.',
        }),
      ),
    );
    request.on('error', reject);
    request.end(body);
  });

const receive = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostAnswerBytes) {
      throw new AppError('usage-invalid', 'The answer is too large.', { hint: 'Ask for less.' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
