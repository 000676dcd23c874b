import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createDispatcher, guardLookup, privateAddressCode } from '../../ingest/okta/dispatcher.ts';
import { isPrivateAddress } from '../../ingest/okta/private-address.ts';
import { createSelfSigned } from './self-signed.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const startServer = async (): Promise<{ port: number; requests: () => number }> => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end('{}');
  });
  return { port: await listen(server), requests: () => requests };
};

const listen = async (server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closers.push(async () => server.close());
  return (server.address() as AddressInfo).port;
};

/** A resolver that gives the same addresses for every name. */
const resolvesTo = (...addresses: string[]): Parameters<typeof guardLookup>[0] =>
  ((_host: string, _options: unknown, callback: (error: null, found: unknown) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as Parameters<typeof guardLookup>[0];

describe('isPrivateAddress', () => {
  it.each([
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '127.0.0.1',
    '127.8.8.8',
    '::1',
    '::',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::ffff:169.254.169.254',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    '64:ff9b::a00:1',
    '2002:a00:1::1',
    'nonsense',
  ])('refuses %s', (address) => {
    expect(isPrivateAddress(address, { allowLoopback: false })).toBe(true);
  });

  it.each(['8.8.8.8', '::ffff:8.8.8.8', '172.32.0.1', '100.128.0.1', '2600:1f18::1', '2600::ffff:1'])(
    'lets %s pass',
    (address) => {
      expect(isPrivateAddress(address, { allowLoopback: false })).toBe(false);
    },
  );

  it('allows loopback, and no other private address, when told to', () => {
    expect(isPrivateAddress('127.0.0.1', { allowLoopback: true })).toBe(false);
    expect(isPrivateAddress('10.0.0.1', { allowLoopback: true })).toBe(true);
  });
});

describe('guardLookup', () => {
  /** What the guard calls back with when the resolver calls back with `found` or `error`. */
  const guarded = (all: boolean, found: unknown, error: Error | null = null): unknown[] => {
    const asked: unknown[] = [];
    const resolver = (_host: string, options: unknown, callback: (error: Error | null, found: unknown) => void) => {
      asked.push(options);
      callback(error, found);
    };
    const guard = guardLookup(resolver as Parameters<typeof guardLookup>[0], { allowLoopback: false });
    const answer: unknown[] = [];
    guard('acme.okta.com', { all, hints: 1 }, (...results) => answer.push(...results));
    expect(asked).toEqual([{ all: true, hints: 1 }]);
    return answer;
  };
  const addresses = [
    { address: '8.8.8.8', family: 4 },
    { address: '2600:1f18::1', family: 6 },
  ];

  it('asks for all addresses, and gives all or the first, as asked', () => {
    expect(guarded(true, addresses)).toEqual([null, addresses]);
    expect(guarded(false, addresses)).toEqual([null, '8.8.8.8', 4]);
  });

  it('checks the answer of a resolver that gives a single address', () => {
    expect(guarded(false, '8.8.8.8')).toEqual([null, '8.8.8.8', 4]);
    expect(guarded(false, '10.0.0.1')[0]).toMatchObject({ code: privateAddressCode });
  });

  it('says which address it refuses', () => {
    const [error] = guarded(true, [...addresses, { address: '10.0.0.1', family: 4 }]);
    expect(error).toMatchObject({ code: privateAddressCode, message: expect.stringContaining('to 10.0.0.1,') });
  });

  it('takes a name without addresses for one that does not resolve', () => {
    expect(guarded(true, [])[0]).toMatchObject({ code: 'ENOTFOUND', message: expect.stringContaining('to nothing') });
  });

  it('passes on the error of the resolver', () => {
    const error = Object.assign(new Error('later'), { code: 'EAI_AGAIN' });
    expect(guarded(true, undefined, error)[0]).toBe(error);
  });
});

describe('createDispatcher', () => {
  it('connects to a name that resolves to loopback only where loopback is allowed', async () => {
    const { port, requests } = await startServer();
    const url = `http://acme.okta.com:${port}/`;
    const open = createDispatcher({ allowLoopback: true, lookup: resolvesTo('127.0.0.1') });
    const guarded = createDispatcher({ lookup: resolvesTo('127.0.0.1') });
    closers.push(
      () => open.close(),
      () => guarded.close(),
    );

    expect((await request(url, { dispatcher: open })).statusCode).toBe(200);
    await expect(request(url, { dispatcher: guarded })).rejects.toMatchObject({ code: privateAddressCode });
    expect(requests()).toBe(1);
  });

  it('refuses a name of which one of several addresses is private', async () => {
    const guarded = createDispatcher({ lookup: resolvesTo('93.184.216.34', '169.254.169.254') });
    closers.push(() => guarded.close());
    await expect(request('http://acme.okta.com:1/', { dispatcher: guarded })).rejects.toMatchObject({
      code: privateAddressCode,
    });
  });

  it('trusts a certificate of the given authority, and of no other', async () => {
    const { key, cert } = createSelfSigned('acme.okta.com');
    const port = await listen(createTlsServer({ key, cert }, (_, response) => response.end('{}')));
    const url = `https://acme.okta.com:${port}/`;
    const rules = { allowLoopback: true, lookup: resolvesTo('127.0.0.1') };
    const trusting = createDispatcher({ ...rules, ca: cert });
    const plain = createDispatcher(rules);
    const other = createDispatcher({ ...rules, ca: createSelfSigned('acme.okta.com').cert });
    for (const dispatcher of [trusting, plain, other]) closers.unshift(() => dispatcher.close());

    expect((await request(url, { dispatcher: trusting })).statusCode).toBe(200);
    for (const dispatcher of [plain, other]) {
      await expect(request(url, { dispatcher })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    }
  });

  it('goes through the proxy, which resolves the host, and trusts the authority behind it', async () => {
    const { key, cert } = createSelfSigned('acme.okta.com');
    const port = await listen(createTlsServer({ key, cert }, (_, response) => response.end('{}')));
    const asked: (string | undefined)[] = [];
    const proxy = createServer();
    proxy.on('connect', (incoming, socket) => {
      asked.push(incoming.url);
      const target = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      for (const end of [socket, target]) end.on('error', () => {});
    });
    const uri = `http://127.0.0.1:${await listen(proxy)}`;
    const trusting = createDispatcher({ proxy: uri, ca: cert });
    const plain = createDispatcher({ proxy: uri });
    for (const dispatcher of [trusting, plain]) closers.unshift(() => dispatcher.close());

    expect((await request('https://acme.okta.com/', { dispatcher: trusting })).statusCode).toBe(200);
    expect(asked).toEqual(['acme.okta.com:443']);
    await expect(request('https://acme.okta.com/', { dispatcher: plain })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  it('speaks TLS to a proxy of the given authority', async () => {
    const { key, cert } = createSelfSigned('localhost');
    const proxy = createTlsServer({ key, cert });
    proxy.on('connect', (_, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
    const uri = `https://localhost:${await listen(proxy)}`;
    const trusting = createDispatcher({ proxy: uri, ca: cert });
    const plain = createDispatcher({ proxy: uri });
    for (const dispatcher of [trusting, plain]) closers.unshift(() => dispatcher.close());

    await expect(request('https://acme.okta.com/', { dispatcher: trusting })).rejects.toThrow('Proxy response (407)');
    await expect(request('https://acme.okta.com/', { dispatcher: plain })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });
});
