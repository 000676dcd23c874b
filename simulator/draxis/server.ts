import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, isInitializeRequest, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Clock } from '../../runtime/clock.ts';
import { type Listening, listenOnLoopback } from '../listen.ts';
import { type ArgumentNames, createTools, defaultArgumentNames } from './tools.ts';

export type DraxisFault =
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** The push is recorded, and the answer never comes: the client cannot know. */
  | { kind: 'lostAnswer' }
  /** Nothing is recorded and nothing comes. */
  | { kind: 'stall' }
  /** The session is forgotten: 404, as the protocol wants. */
  | { kind: 'dropSession' };

export interface DraxisServerOptions {
  /** `drx_pat_<tenant>.<token>`. */
  token: string;
  knownSlugs: readonly string[];
  clock: Clock;
  /** False: the token may use every tool. Default true, as for External Push. */
  sourceScoped?: boolean;
  argumentNames?: Partial<ArgumentNames>;
  /** Further properties that the schema demands. */
  extraRequired?: readonly string[];
  /** Asked for every MCP message (1, 2, …) and its method, such as `tools/call`. */
  faults?: (method: string, ordinal: number) => DraxisFault | undefined;
}

const readJson = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
};

const refuse = (
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null }));
};

/**
 * A Draxis tenant's External Push endpoint: an MCP server at /api/mcp (Streamable HTTP, stateful sessions, bearer
 * PAT). Behaves as Draxis documents: unknown KRIs and foreign tools are answered with `isError`, sessions can be lost.
 */
export const createDraxisServer = (options: DraxisServerOptions) => {
  const { clock } = options;
  const names = { ...defaultArgumentNames, ...options.argumentNames };
  const tools = createTools(options.knownSlugs, names, options.extraRequired ?? [], () => clock.now());
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const scripted: DraxisFault[] = [];
  let messages = 0;

  const openSession = async (): Promise<StreamableHTTPServerTransport> => {
    const server = new Server({ name: 'draxis', version: '2026.04' }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.definitions }));
    server.setRequestHandler(CallToolRequestSchema, ({ params }) =>
      tools.call(params.name, params.arguments ?? {}, options.sourceScoped ?? true),
    );
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, transport);
      },
      onsessionclosed: (id) => {
        sessions.delete(id);
      },
    });
    // The transport's optional callbacks do not fit exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (new URL(request.url ?? '/', 'http://127.0.0.1').pathname !== '/api/mcp')
      return refuse(response, 404, 'Not found');
    if (request.headers.authorization !== `Bearer ${options.token}`) {
      return refuse(response, 401, 'Unauthorized', { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
    }
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    const method =
      typeof body === 'object' && body !== null && 'method' in body ? String(body.method) : (request.method ?? '');
    const ordinal = request.method === 'POST' ? ++messages : messages;
    const fault = request.method === 'POST' ? (options.faults?.(method, ordinal) ?? takeScripted(method)) : undefined;
    if (fault?.kind === 'status') return refuse(response, fault.status, `simulated ${fault.status}`, fault.headers);
    if (fault?.kind === 'stall') return;
    const id = request.headers['mcp-session-id'];
    if (fault?.kind === 'dropSession' && typeof id === 'string') sessions.delete(id);
    if (
      fault?.kind === 'lostAnswer' &&
      method === 'tools/call' &&
      typeof body === 'object' &&
      body !== null &&
      'params' in body
    ) {
      const { name, arguments: input } = CallToolRequestSchema.parse(body).params;
      tools.call(name, input ?? {}, options.sourceScoped ?? true);
      request.socket.destroy();
      return;
    }
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (typeof id === 'string' && known === undefined) return refuse(response, 404, 'Session not found');
    if (known === undefined && !isInitializeRequest(body)) return refuse(response, 400, 'Bad Request: no session');
    const transport = known ?? (await openSession());
    await transport.handleRequest(request, response, body);
  };

  const takeScripted = (method: string): DraxisFault | undefined =>
    method === 'tools/call' ? scripted.shift() : undefined;

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, String(error));
      else response.destroy();
    });
  });

  return {
    /** Listens on loopback; `url` is the MCP endpoint itself. */
    listen: (port = 0): Promise<Listening> => listenOnLoopback(server, port, '/api/mcp'),
    /** Every push that was recorded, in order of arrival. */
    pushes: tools.pushes,
    /** What Draxis shows for a KRI now. */
    current: tools.current,
    wire: tools.wire,
    unwire: tools.unwire,
    /** Spoils the next tool calls, one fault each. */
    failNext: (...faults: DraxisFault[]): void => {
      scripted.push(...faults);
    },
    dropSessions: (): void => sessions.clear(),
  };
};
