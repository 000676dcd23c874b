import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createDispatcher, type guardLookup, privateAddressCode } from '../../ingest/okta/dispatcher.ts';
import { isPrivateAddress } from '../../ingest/okta/private-address.ts';

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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => server.close());
  return { port: (server.address() as AddressInfo).port, requests: () => requests };
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

  it.each(['8.8.8.8', '::ffff:8.8.8.8', '172.32.0.1', '100.128.0.1', '2600:1f18::1'])('lets %s pass', (address) => {
    expect(isPrivateAddress(address, { allowLoopback: false })).toBe(false);
  });

  it('allows loopback, and no other private address, when told to', () => {
    expect(isPrivateAddress('127.0.0.1', { allowLoopback: true })).toBe(false);
    expect(isPrivateAddress('10.0.0.1', { allowLoopback: true })).toBe(true);
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
});
