import { randomBytes as cryptoRandomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import { type Envelope, envelopeSchema, openSecret, type RandomBytes, rewrapSecret, sealSecret } from './envelope.ts';
import { type Keyring, parseKeyring, printKeyring, readKeyFile, toEncryptionKey } from './keyring.ts';
import { keyBytes } from './seal.ts';
import { writePrivate } from './write-private.ts';

export const secretNamePattern = /^[A-Za-z0-9._-]{1,100}$/;

const fileSchema = z.object({
  format: z.literal(1),
  secrets: z.record(z.string().regex(secretNamePattern), envelopeSchema),
});

/** The secrets of a data directory: `secrets.json`, encrypted with `encryption.key` or KRIVER_ENCRYPTION_KEY. */
export interface SecretStore {
  /** The secret, or undefined when none has this name. Throws `secret-unreadable` when it does not open. */
  read(name: string): Secret | undefined;
  /** Creates the key file on first use. */
  write(name: string, secret: Secret): void;
  list(): readonly { readonly name: string; readonly keyId: string; readonly version: number }[];
  /** False when there was none. */
  remove(name: string): boolean;
  /** Wraps every data key with a new key. The one before stays readable until the next rotation. */
  rotate(): { readonly keyId: string; readonly rewrapped: number };
}

export interface SecretStoreOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly randomBytes?: RandomBytes;
}

/** Reads and writes at the time of each call and keeps nothing in memory. */
export const createSecretStore = ({
  directory,
  environment,
  randomBytes = cryptoRandomBytes,
}: SecretStoreOptions): SecretStore => {
  const secretsFile = join(directory, 'secrets.json');
  const keyFile = join(directory, 'encryption.key');
  const inEnvironment = environment['KRIVER_ENCRYPTION_KEY'];
  const usesEnvironment = inEnvironment !== undefined && inEnvironment.trim() !== '';
  const keyPlace = usesEnvironment ? 'KRIVER_ENCRYPTION_KEY' : keyFile;

  const readKeys = (): Keyring | undefined =>
    usesEnvironment ? parseKeyring(inEnvironment, 'KRIVER_ENCRYPTION_KEY') : readKeyFile(keyFile);

  const readSecrets = (): Record<string, Envelope> => readSecretsFile(secretsFile);
  const writeSecrets = (secrets: Record<string, Envelope>): void =>
    writePrivate(secretsFile, `${JSON.stringify({ format: 1, secrets }, null, 2)}\n`);

  /** With secrets but without a key, a new key would hide that the old one is lost. */
  const keysForWriting = (secrets: Record<string, Envelope>): Keyring => {
    const keys = readKeys();
    if (keys !== undefined) return keys;
    const first = Object.entries(secrets)[0];
    if (first !== undefined) throw unreadable(first[0], first[1].keyId, keyPlace);
    const created: Keyring = { keys: [toEncryptionKey(randomBytes(keyBytes))] };
    writePrivate(keyFile, printKeyring(created));
    return created;
  };

  return {
    read: (name) => {
      const envelope = own(readSecrets(), name);
      if (envelope === undefined) return undefined;
      const keys = readKeys();
      const secret = keys && openSecret(name, envelope, keys);
      if (secret === undefined) throw unreadable(name, envelope.keyId, keyPlace);
      return secret;
    },
    write: (name, secret) => {
      requireName(name);
      const secrets = readSecrets();
      const keys = keysForWriting(secrets);
      const version = (own(secrets, name)?.version ?? 0) + 1;
      writeSecrets({ ...secrets, [name]: sealSecret(secret, { name, version }, newest(keys), randomBytes) });
    },
    list: () =>
      Object.entries(readSecrets())
        .map(([name, { keyId, version }]) => ({ name, keyId, version }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    remove: (name) => {
      const { [name]: removed, ...rest } = readSecrets();
      if (removed !== undefined) writeSecrets(rest);
      return removed !== undefined;
    },
    rotate: () => {
      const secrets = readSecrets();
      const old = keysForWriting(secrets);
      const key = usesEnvironment ? newest(old) : toEncryptionKey(randomBytes(keyBytes));
      const stale = Object.entries(secrets).filter(([, { keyId }]) => keyId !== key.id);
      if (usesEnvironment && old.keys.length < 2)
        throw new AppError(
          'usage-invalid',
          'KRIVER_ENCRYPTION_KEY holds one key only, so there is none to rotate to.',
          {
            hint: 'Put a new key before it (KRIVER_ENCRYPTION_KEY=NEW,OLD; `openssl rand -base64 32` makes one), rotate, and then leave the old one out.',
          },
        );
      const rewrapped = stale.map(([name, envelope]): [string, Envelope] => {
        const renewed = rewrapSecret(name, envelope, old, key, randomBytes);
        if (renewed === undefined) throw unreadable(name, envelope.keyId, keyPlace);
        return [name, renewed];
      });
      // The key goes first: a crash between the two leaves both keys readable and the secrets as they were.
      if (!usesEnvironment) writePrivate(keyFile, printKeyring({ keys: [key, newest(old)] }));
      if (rewrapped.length > 0) writeSecrets({ ...secrets, ...Object.fromEntries(rewrapped) });
      return { keyId: key.id, rewrapped: rewrapped.length };
    },
  };
};

const newest = (keyring: Keyring): Keyring['keys'][number] => {
  const [key] = keyring.keys;
  if (key === undefined)
    throw new AppError('internal', 'A keyring without keys.', { hint: 'Report this as a defect.' });
  return key;
};

const own = (secrets: Record<string, Envelope>, name: string): Envelope | undefined =>
  Object.hasOwn(secrets, name) ? secrets[name] : undefined;

const requireName = (name: string): void => {
  if (secretNamePattern.test(name) && name !== '__proto__') return;
  throw new AppError('usage-invalid', 'This cannot be the name of a secret.', {
    hint: 'Use letters, digits, dot, dash and underscore. The value is asked for, or read from standard input.',
  });
};

const readSecretsFile = (file: string): Record<string, Envelope> => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new AppError('secret-unreadable', `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, {
      hint: 'Run Kriver as the user who owns the data directory.',
      cause: error,
    });
  }
  try {
    return fileSchema.parse(JSON.parse(text)).secrets;
  } catch {
    throw new AppError('secret-unreadable', `${file} is damaged.`, {
      hint: 'Restore it from a backup, or remove it and set the secrets again with `kriver secret set`.',
    });
  }
};

const unreadable = (name: string, keyId: string, keyPlace: string): AppError =>
  new AppError('secret-unreadable', `The secret ${name} does not open. It was encrypted with the key ${keyId}.`, {
    hint: `Restore that key (${keyPlace}), or set the secret again: \`kriver secret set ${name}\` after \`kriver secret remove ${name}\`.`,
  });
