import { BlockList, isIP } from 'node:net';

const blocked = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  blocked.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  blocked.addSubnet(network, bits, 'ipv6');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An IPv4 address inside an IPv6 one, in the text form that resolvers give (::ffff:10.0.0.1). */
const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * True for an address that no Okta org has: private, link-local (cloud metadata is there), shared, multicast,
 * documentation, translation prefixes. Loopback counts too unless it is allowed. Anything that is not an address counts.
 */
export const isPrivateAddress = (address: string, options: { allowLoopback: boolean }): boolean => {
  const plain = mapped.exec(address)?.[1] ?? address;
  const family = isIP(plain);
  if (family === 0) return true;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (loopback.check(plain, kind)) return !options.allowLoopback;
  return /^::ffff:/i.test(plain) || blocked.check(plain, kind);
};
