import { crc32 } from 'node:zlib';
import { AppError } from './errors.ts';

/**
 * JSON with a checksum over its bytes and over the name under which it is stored, so that a value that rotted on the
 * disk, or that stands in another one's place, is never taken for the truth.
 */
export const sealJson = (name: string, value: unknown): Buffer => {
  const json = Buffer.from(JSON.stringify(value));
  const sealed = Buffer.allocUnsafe(json.length + 4);
  sealed.writeUInt32LE(crc32(json, crc32(name)), 0);
  json.copy(sealed, 4);
  return sealed;
};

/** The value that `sealJson` sealed under this name. Throws `state-invalid` when the bytes are not those. */
export const unsealJson = (name: string, sealed: Buffer): unknown => {
  const json = sealed.subarray(4);
  if (sealed.length < 4 || crc32(json, crc32(name)) !== sealed.readUInt32LE(0)) {
    throw new AppError('state-invalid', `The stored value of ${name} is damaged: its checksum does not match.`, {
      hint: 'Check the disk. Restore the directory from a backup, or move it away to start anew.',
    });
  }
  return JSON.parse(json.toString());
};
