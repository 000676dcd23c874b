import { AppError, exitCodes, toExitCode } from '../runtime/errors.ts';
import type { Sink, SinkRecord } from './sink.ts';

interface Waiting {
  readonly records: readonly SinkRecord[];
  resolve(): void;
  reject(error: unknown): void;
}

const isRefusal = (error: unknown): boolean => error instanceof AppError && toExitCode(error) === exitCodes.badData;

/**
 * A sink that joins what several partitions write at the same time: while one write is under way, the batches that come
 * wait, and go together in the next one. A store thus gets few large writes when it is behind, and each batch at once when it
 * is not. Whoever waits is told of its own records only: when joined ones are refused, each batch is written alone.
 */
export const joinWrites = (sink: Sink, { maxRecords = 10_000 }: { maxRecords?: number } = {}): Sink => {
  let waiting: Waiting[] = [];
  let isWriting = false;

  const takeGroup = (): readonly Waiting[] => {
    let records = 0;
    const beyond = waiting.findIndex((one, index) => {
      records += one.records.length;
      return index > 0 && records > maxRecords;
    });
    const group = beyond < 0 ? waiting : waiting.slice(0, beyond);
    waiting = waiting.slice(group.length);
    return group;
  };

  const writeAlone = async (one: Waiting): Promise<void> => {
    try {
      await sink.write(one.records);
      one.resolve();
    } catch (error) {
      one.reject(error);
    }
  };

  const writeGroup = async (group: readonly Waiting[]): Promise<void> => {
    const [first] = group;
    if (group.length === 1 && first !== undefined) return writeAlone(first);
    try {
      await sink.write(group.flatMap((one) => one.records));
      for (const one of group) one.resolve();
    } catch (error) {
      if (isRefusal(error)) for (const one of group) await writeAlone(one);
      else for (const one of group) one.reject(error);
    }
  };

  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) await writeGroup(takeGroup());
    isWriting = false;
  };

  return {
    write: (records) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ records, resolve, reject });
        if (!isWriting) void writeAll();
      }),
  };
};
