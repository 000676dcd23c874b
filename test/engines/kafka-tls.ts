import { existsSync, mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './tools.ts';

export interface KafkaTls {
  /** PEM text of the authority that signed both certificates. */
  readonly ca: string;
  /** PEM text of a client's certificate and key, for the listener that asks for one. */
  readonly certificate: string;
  readonly key: string;
}

const days = '3650';
const brokerName = 'subjectAltName=IP:127.0.0.1,DNS:localhost';

const openssl = (directory: string, ...args: readonly string[]) => runTool('openssl', args, directory);

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

const sign = async (directory: string, name: string, extension: string): Promise<void> => {
  await writeFile(join(directory, `${name}.ext`), extension);
  await openssl(directory, 'req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
  await openssl(directory, 'x509', '-req', '-in', `${name}.csr`, ...by, '-days', days, '-out', `${name}.pem`);
};

/**
 * An authority of the directory's own, with the certificates of a broker and a client. Made once: a broker that starts
 * again is the one that its clients trust. Kafka reads a key and its certificate from one file, `broker-store.pem`.
 */
export const makeTls = async (directory: string): Promise<KafkaTls> => {
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  const store = join(directory, 'broker-store.pem');
  if (!existsSync(store)) {
    mkdirSync(directory, { recursive: true });
    const authority = ['-subj', '/CN=engines authority', '-days', days, '-keyout', 'ca.key', '-out', 'ca.pem'];
    await openssl(directory, 'req', '-x509', ...newKey, ...authority);
    await sign(directory, 'broker', brokerName);
    await sign(directory, 'client', 'extendedKeyUsage=clientAuth');
    await writeFile(store, `${await read('broker.key')}${await read('broker.pem')}`);
  }
  return { ca: await read('ca.pem'), certificate: await read('client.pem'), key: await read('client.key') };
};
