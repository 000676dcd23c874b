import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';

const idsSchema = z.record(z.string(), z.int().nonnegative());

/** Schema ids by the keys that `toIdKey` makes. */
export type KnownIds = Readonly<Record<string, number>>;

/** A registry never changes what an id means, so an id holds as long as registry, subject and text are the same. */
export const toIdKey = (url: string, subject: string, schema: string): string =>
  `${url} ${subject} ${createHash('sha256').update(schema).digest('hex')}`;

/** Undefined when there is no such file, or none that can be used: then the registry is asked, as at the first start. */
export const readIds = (file: string): KnownIds | undefined => {
  try {
    return idsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
};

/** Replaces the file as a whole, so that a crash leaves the old content or the new. */
export const writeIds = (file: string, ids: KnownIds): void => {
  const temporary = `${file}.${process.pid}.new`;
  const descriptor = openSync(temporary, 'w');
  try {
    writeSync(descriptor, `${JSON.stringify(ids, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
};
