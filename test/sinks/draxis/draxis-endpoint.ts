import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

export const token = 'drx_pat_acme.s3cr3t-part';

type Arguments = Record<string, unknown>;
interface Answer {
  readonly content: { type: 'text'; text: string }[];
  readonly isError?: boolean;
  readonly structuredContent?: Record<string, unknown>;
}

export const say = (text: string, isError = false): Answer => ({ content: [{ type: 'text', text }], isError });

/** What happens to a call of the tool instead of an answer: an HTTP status, or silence until the endpoint closes. */
export type Fault = 'silence' | { status: number; headers?: Record<string, string>; body?: string };

const text = { type: 'string' };
export const usualSchema = {
  type: 'object',
  properties: { slug: text, value: { type: 'number' }, timestamp: { type: 'string', format: 'date-time' }, note: text },
  required: ['slug', 'value'],
};

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

/** An MCP server over real loopback HTTP with the one tool of an External Push source, and faults on demand. */
export const startDraxisEndpoint = async (
  options: { inputSchema?: object; tool?: string; answer?: (args: Arguments) => Answer } = {},
) => {
  const { inputSchema = usualSchema, tool = 'push_kri_value', answer = () => say('recorded') } = options;
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const calls: Arguments[] = [];
  const faults: Fault[] = [];
  const counts = { initialize: 0, get: 0 };
  let abandon = () => {};
  const abandoned = new Promise<void>((resolve) => {
    abandon = resolve;
  });

  const createSession = async (): Promise<StreamableHTTPServerTransport> => {
    const server = new Server({ name: 'draxis', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [{ name: tool, inputSchema: inputSchema as { type: 'object' } }],
    }));
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
      calls.push(params.arguments ?? {});
      return { ...answer(params.arguments ?? {}) };
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    // The SDK's own types disagree under exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<Server['connect']>[0]);
    return transport;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'GET') counts.get += 1;
    const body = (await readBody(request)) as { method?: string } | undefined;
    const refuse = (status: number, why: string) => response.writeHead(status).end(why);
    if (request.headers.authorization !== `Bearer ${token}`)
      return void refuse(401, `bad token ${request.headers.authorization}`);
    if (body?.method === 'tools/call') {
      const fault = faults.shift();
      if (fault === 'silence') return void response.on('close', abandon);
      if (fault !== undefined) return void response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    }
    const id = request.headers['mcp-session-id'];
    if (body?.method === 'initialize') counts.initialize += 1;
    const session = typeof id === 'string' ? sessions.get(id) : await createSession();
    if (session === undefined) return void refuse(404, 'Session not found');
    await session.handleRequest(request, response, body);
  };

  const http = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/api/mcp`,
    /** Arguments of the calls that reached the tool. */
    calls,
    faults,
    counts,
    /** Resolves when the client has let go of a call that was met with silence. */
    abandoned,
    forgetSessions: () => sessions.clear(),
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

export type DraxisEndpoint = Awaited<ReturnType<typeof startDraxisEndpoint>>;
