import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../../runtime/errors.ts';
import { keyBytes } from './seal.ts';

export interface EncryptionKey {
  /** 16 hexadecimal digits of the key's SHA-256: tells keys apart without telling anything about them. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** The operator's keys, newest first: the first encrypts, all decrypt. */
export interface Keyring {
  readonly keys: readonly EncryptionKey[];
}

export const toEncryptionKey = (bytes: Buffer): EncryptionKey => ({
  id: createHash('sha256').update('kriver encryption key\0').update(bytes).digest('hex').slice(0, 16),
  bytes,
});

/** 32 bytes in base64, one key a line or separated by commas, newest first. `place` names the source in errors. */
export const parseKeyring = (text: string, place: string): Keyring => {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== keyBytes))
    throw new AppError('secret-unreadable', `${place} does not hold an encryption key.`, {
      hint: `Restore it from a backup. A new key (\`openssl rand -base64 ${keyBytes}\`) cannot read the secrets that are stored: set them again with \`kriver secret set\`.`,
    });
  return { keys: keys.map(toEncryptionKey) };
};

export const printKeyring = ({ keys }: Keyring): string =>
  `${keys.map(({ bytes }) => bytes.toString('base64')).join('\n')}\n`;

/** The keys of the file, or undefined when there is none. A file that others may read is refused, not repaired. */
export const readKeyFile = (file: string): Keyring | undefined => {
  let mode: number;
  let text: string;
  try {
    mode = statSync(file).mode;
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('secret-unreadable', `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, {
      hint: 'Run Kriver as the user who owns the data directory.',
      cause: error,
    });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new AppError(
      'secret-unreadable',
      `${file} may be read by others: its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}.`,
      { hint: `Take their access away (\`chmod 600 ${file}\`); if others had it, rotate: \`kriver secret rotate\`.` },
    );
  return parseKeyring(text, file);
};
