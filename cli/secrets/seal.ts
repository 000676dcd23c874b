import { createCipheriv, createDecipheriv } from 'node:crypto';

const algorithm = 'aes-256-gcm';
export const keyBytes = 32;
/** 96 bits: the length that GCM is defined for. Drawn anew for every encryption, never counted or derived. */
export const nonceBytes = 12;
const tagBytes = 16;

/** nonce | ciphertext | tag. The nonce must never have been used with this key. */
export const encrypt = (key: Buffer, nonce: Buffer, plaintext: Buffer, boundTo: Buffer): Buffer => {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundTo);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

/** The plaintext, or undefined when a byte of it, the key or what it is bound to is not as it was. */
export const decrypt = (key: Buffer, sealed: Buffer, boundTo: Buffer): Buffer | undefined => {
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(boundTo);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
};
