import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../runtime/secret.ts';
import { connectServer, type ServerOptions } from '../../../sinks/clickhouse/client.ts';
import { insertJsonRows } from '../../../sinks/clickhouse/json-rows.ts';
import { createSelfSigned } from '../../ingest/self-signed.ts';

const ours = createSelfSigned('localhost');
const other = createSelfSigned('localhost');

describe('a ClickHouse server over TLS', () => {
  let server: Server;
  let shown: string | undefined;

  const insert = async (changes: Partial<ServerOptions>): Promise<void> => {
    shown = undefined;
    const { port } = server.address() as AddressInfo;
    const url = `https://localhost:${port}`;
    const client = connectServer({ url, user: 'kriver', database: 'kris', ...changes });
    await insertJsonRows(client, [{ table: 'runs', values: { id: 'a' } }]).finally(() => client.close());
  };

  const start = async (demands: { requestCert?: boolean } = {}): Promise<void> => {
    server = createServer(
      { ...ours, ca: ours.cert, requestCert: demands.requestCert ?? false, rejectUnauthorized: true },
      (request, response) => {
        shown = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
        request.resume().once('end', () => response.end());
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  };

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is trusted by the authority of the settings', async () => {
    await start();
    await insert({ ca: ours.cert });
  });

  it.each([
    ['no authority of its own', {}],
    ['another authority', { ca: other.cert }],
  ])('is refused with %s', async (_, changes) => {
    await start();
    await expect(insert(changes)).rejects.toThrow(/self-signed|certificate/);
  });

  it('is shown the certificate of the settings where it asks for one', async () => {
    await start({ requestCert: true });
    await insert({ ca: ours.cert, certificate: ours.cert, key: new Secret(ours.key) });
    expect(shown).toBe('localhost');
    await expect(insert({ ca: ours.cert })).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
  });
});
