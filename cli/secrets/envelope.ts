import { z } from 'zod';
import { Secret } from '../../runtime/secret.ts';
import type { EncryptionKey, Keyring } from './keyring.ts';
import { decrypt, encrypt, keyBytes, nonceBytes } from './seal.ts';

const base64 = z.base64();

/**
 * A secret at rest. The value is encrypted with a data key of its own, and that with the operator's key, so that a
 * rotation of the operator's key touches no value. Both are bound to where they stand: an envelope that is copied under
 * another name, or an older one put back in place of a newer, does not open.
 */
export const envelopeSchema = z.object({
  /** Which of the operator's keys wraps the data key. */
  keyId: z.string(),
  /** Names the data key; drawn with it. */
  dataKeyId: z.string(),
  /** Counts the writes of this name from 1. */
  version: z.int().min(1),
  wrappedKey: base64,
  ciphertext: base64,
});

export type Envelope = z.infer<typeof envelopeSchema>;

/** Random bytes: node:crypto's in earnest, given ones in known-answer tests. */
export type RandomBytes = (count: number) => Buffer;

/** Names have no `|`, so the parts cannot be shifted against one another. */
const boundTo = (name: string, purpose: 'value' | 'data-key', keyId: string, version: number): Buffer =>
  Buffer.from(`${name}|${purpose}|${keyId}|${version}`);

export const sealSecret = (
  secret: Secret,
  at: { readonly name: string; readonly version: number },
  key: EncryptionKey,
  randomBytes: RandomBytes,
): Envelope => {
  const dataKey = randomBytes(keyBytes);
  const dataKeyId = randomBytes(8).toString('hex');
  const ciphertext = encrypt(
    dataKey,
    randomBytes(nonceBytes),
    Buffer.from(secret.reveal()),
    boundTo(at.name, 'value', dataKeyId, at.version),
  );
  return { ...wrap(dataKey, at, key, randomBytes), dataKeyId, ciphertext: ciphertext.toString('base64') };
};

const wrap = (
  dataKey: Buffer,
  at: { readonly name: string; readonly version: number },
  key: EncryptionKey,
  randomBytes: RandomBytes,
): Pick<Envelope, 'keyId' | 'version' | 'wrappedKey'> => ({
  keyId: key.id,
  version: at.version,
  wrappedKey: encrypt(
    key.bytes,
    randomBytes(nonceBytes),
    dataKey,
    boundTo(at.name, 'data-key', key.id, at.version),
  ).toString('base64'),
});

const unwrap = (name: string, envelope: Envelope, keyring: Keyring): Buffer | undefined => {
  const key = keyring.keys.find(({ id }) => id === envelope.keyId);
  if (key === undefined) return undefined;
  const dataKey = decrypt(
    key.bytes,
    Buffer.from(envelope.wrappedKey, 'base64'),
    boundTo(name, 'data-key', envelope.keyId, envelope.version),
  );
  return dataKey?.length === keyBytes ? dataKey : undefined;
};

/** The secret, or undefined when no key of the ring opens the envelope or a bit of it was changed. */
export const openSecret = (name: string, envelope: Envelope, keyring: Keyring): Secret | undefined => {
  const dataKey = unwrap(name, envelope, keyring);
  const value =
    dataKey &&
    decrypt(
      dataKey,
      Buffer.from(envelope.ciphertext, 'base64'),
      boundTo(name, 'value', envelope.dataKeyId, envelope.version),
    );
  return value && new Secret(value.toString('utf8'));
};

/** The same envelope with its data key wrapped by another of the operator's keys; undefined when it does not open. */
export const rewrapSecret = (
  name: string,
  envelope: Envelope,
  keyring: Keyring,
  key: EncryptionKey,
  randomBytes: RandomBytes,
): Envelope | undefined => {
  const dataKey = unwrap(name, envelope, keyring);
  return dataKey && { ...envelope, ...wrap(dataKey, { name, version: envelope.version }, key, randomBytes) };
};
