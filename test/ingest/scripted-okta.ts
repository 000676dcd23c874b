import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer of the scripted org. Without `date` it carries the script's clock. */
export interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  /** Instead of `json`: the body as it goes out. */
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** The next link, a path of this org. */
  readonly next?: string;
  readonly date?: string;
  /** Destroys the connection after so many bytes of the body. */
  readonly cutAt?: number;
}

export interface Seen {
  readonly path: string;
  readonly search: URLSearchParams;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ScriptedOkta {
  readonly url: URL;
  readonly seen: readonly Seen[];
  /** Whether a request is being answered. */
  busy(): boolean;
  close(): Promise<void>;
}

/** A loopback server that answers each request with what `script` says; 404 where it says nothing. */
export const startScriptedOkta = async (
  script: (request: Seen, ordinal: number) => Answer | undefined,
  date: () => string = () => 'Tue, 24 Nov 2026 12:00:00 GMT',
): Promise<ScriptedOkta> => {
  const seen: Seen[] = [];
  const counts = new Map<string, number>();
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    const url = new URL(request.url ?? '/', origin());
    const now: Seen = {
      path: url.pathname,
      search: url.searchParams,
      url: request.url ?? '',
      headers: request.headers,
    };
    seen.push(now);
    const ordinal = (counts.get(url.pathname) ?? 0) + 1;
    counts.set(url.pathname, ordinal);
    const answer = script(now, ordinal) ?? { status: 404, json: { errorCode: 'E0000007', errorSummary: 'Not found' } };
    const body = Buffer.from(answer.body ?? JSON.stringify(answer.json ?? []));
    const links = [`<${url.href}>; rel="self"`, ...(answer.next ? [`<${origin()}${answer.next}>; rel="next"`] : [])];
    response.sendDate = false;
    response.writeHead(answer.status ?? 200, {
      'content-type': 'application/json',
      'content-length': String(body.length),
      'x-okta-request-id': `req-${seen.length}`,
      date: answer.date ?? date(),
      link: links,
      ...answer.headers,
    });
    if (answer.cutAt === undefined) response.end(body);
    else response.write(body.subarray(0, answer.cutAt), () => response.destroy());
  });
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(origin()),
    seen,
    busy: () => open > 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
