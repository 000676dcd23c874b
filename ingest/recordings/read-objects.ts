import { readEvents } from './read-events.ts';

export interface RecordedObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/** A line or element that is no JSON object. */
export interface UnusableObject {
  readonly bytes: Buffer;
  readonly line: number;
  readonly reason: string;
}

export interface RecordedObjects {
  readonly objects: readonly RecordedObject[];
  readonly unusable: readonly UnusableObject[];
}

const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};

/** All objects of a recorded file (users, factors, policies, policy rules), in its order; formats as `readEvents`. */
export const readObjects = async (path: string): Promise<RecordedObjects> => {
  const objects: RecordedObject[] = [];
  const unusable: UnusableObject[] = [];
  for await (const batch of readEvents(path)) {
    for (const { bytes, line } of batch) {
      const value = parse(bytes);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        objects.push({ value: value as Record<string, unknown>, line });
      } else unusable.push({ bytes, line, reason: value === undefined ? 'Not JSON.' : 'Not a JSON object.' });
    }
  }
  return { objects, unusable };
};

/**
 * One version of each object: the newest `lastUpdated`, of equals the later in the file. `idOf` identifies an object;
 * those without an id are all kept. Timestamps are compared as times; one that is none is older than any.
 */
export const keepNewest = <Value extends { readonly lastUpdated?: unknown }>(
  values: readonly Value[],
  idOf: (value: Value) => string | undefined,
): readonly Value[] => {
  const newest = new Map<string, Value>();
  const anonymous: Value[] = [];
  for (const value of values) {
    const id = idOf(value);
    const kept = id === undefined ? undefined : newest.get(id);
    if (id === undefined) anonymous.push(value);
    else if (kept === undefined || updatedMs(value) >= updatedMs(kept)) newest.set(id, value);
  }
  return [...newest.values(), ...anonymous];
};

const updatedMs = (value: { readonly lastUpdated?: unknown }): number => {
  const time = typeof value.lastUpdated === 'string' ? Date.parse(value.lastUpdated) : Number.NaN;
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
};
