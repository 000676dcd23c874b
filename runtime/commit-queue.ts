import { AppError } from './errors.ts';
import { toStorageError } from './storage-error.ts';

interface Waiting {
  run(): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** A bound on the pages that one transaction can make dirty; what waits beyond it goes into the next one. */
const maxGroup = 64;

/**
 * Group commit: what is written in one turn of the event loop shares a transaction and so its flush, which is the
 * expensive part. When the shared transaction fails, each write gets one of its own, so that none fails for another.
 */
export const createCommitQueue = (
  transaction: (action: () => void) => void,
  directory: string,
): { write<T>(action: () => T): Promise<T>; drained(): Promise<void> } => {
  let waiting: Waiting[] = [];
  let scheduled: Promise<void> | undefined;
  let broken: AppError | undefined;

  /** After an I/O error nobody knows what the disk holds: nothing more is written until a restart has checked it. */
  const toError = (error: unknown): unknown => {
    if (error instanceof AppError || !(error instanceof Error) || !('code' in error)) return error;
    const failure = toStorageError(error, directory);
    if (failure.code === 'directory-unwritable') broken = failure;
    return failure;
  };

  const commitAlone = (one: Waiting): void => {
    try {
      if (broken !== undefined) throw broken;
      transaction(() => one.run());
      one.resolve();
    } catch (error) {
      one.reject(toError(error));
    }
  };

  const commitGroup = (group: readonly Waiting[]): void => {
    try {
      if (broken !== undefined) throw broken;
      transaction(() => {
        for (const one of group) one.run();
      });
      for (const one of group) one.resolve();
    } catch (error) {
      const failure = toError(error);
      if (group.length === 1 || broken !== undefined) for (const one of group) one.reject(failure);
      else for (const one of group) commitAlone(one);
    }
  };

  const commitAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const group = waiting.slice(0, maxGroup);
      waiting = waiting.slice(maxGroup);
      commitGroup(group);
    }
    scheduled = undefined;
  };

  return {
    write: <T>(action: () => T) =>
      new Promise<T>((resolve, reject) => {
        let result: T;
        waiting.push({
          run: () => {
            result = action();
          },
          resolve: () => resolve(result),
          reject,
        });
        scheduled ??= commitAll();
      }),
    drained: async () => scheduled,
  };
};
