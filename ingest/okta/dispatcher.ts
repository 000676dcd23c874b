import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { isPrivateAddress } from './private-address.ts';

export const privateAddressCode = 'KRIVER_PRIVATE_ADDRESS';

export interface DispatcherOptions {
  readonly allowLoopback?: boolean;
  /** HTTPS_PROXY. The proxy then resolves the host, so private addresses are its business and not checked here. */
  readonly proxy?: string;
  /** PEM of a private certificate authority, added nowhere else: it replaces Node's list for these connections. */
  readonly ca?: string;
  /** Name resolution, for tests. */
  readonly lookup?: LookupFunction;
}

/** Okta gives up on a query after 30 s, so headers that take twice as long never come. */
const timeouts = { connectMs: 10_000, headersMs: 60_000, bodyMs: 60_000 };

/**
 * Wraps name resolution so that a host with any private address is refused. It runs for every new connection, so a
 * name that changes its address between two requests (DNS rebinding) is caught as well.
 */
export const guardLookup =
  (lookup: LookupFunction, options: { allowLoopback: boolean }): LookupFunction =>
  (hostname, lookupOptions, callback) => {
    lookup(hostname, { ...lookupOptions, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const addresses = typeof found === 'string' ? [{ address: found, family: 4 }] : found;
      const first = addresses[0];
      const refused = addresses.find(({ address }) => isPrivateAddress(address, options));
      if (first === undefined || refused !== undefined) {
        const refusal: NodeJS.ErrnoException = new Error(
          `${hostname} resolves to ${refused?.address ?? 'nothing'}, which is no public address.`,
        );
        refusal.code = first === undefined ? 'ENOTFOUND' : privateAddressCode;
        return callback(refusal, '', 0);
      }
      if (lookupOptions.all === true) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };

/** The connections to Okta: pooled, with timeouts, and never to a private address. Close it on shutdown. */
export const createDispatcher = (options: DispatcherOptions = {}): Dispatcher => {
  const allowLoopback = options.allowLoopback === true;
  const tls = options.ca === undefined ? {} : { ca: options.ca };
  const common = { headersTimeout: timeouts.headersMs, bodyTimeout: timeouts.bodyMs, connections: 16 };
  if (options.proxy !== undefined) {
    return new ProxyAgent({
      ...common,
      uri: options.proxy,
      requestTls: { ...tls, timeout: timeouts.connectMs },
      proxyTls: { ...tls, timeout: timeouts.connectMs },
    });
  }
  const lookup = guardLookup(options.lookup ?? (dnsLookup as LookupFunction), { allowLoopback });
  return new Agent({ ...common, connect: { ...tls, timeout: timeouts.connectMs, lookup } });
};
