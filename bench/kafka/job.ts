import type { Place } from './place.ts';

/** What a worker is asked for, as JSON on its command line. `warmUp` is gone through first and not measured. */
export type Job =
  | { readonly name: 'count'; readonly warmUp: Target; readonly target: Target }
  | { readonly name: 'fold'; readonly warmUp: Target; readonly target: Target }
  | ({ readonly name: 'send' } & Sending)
  | ({ readonly name: 'ingest'; readonly parses: boolean } & Sending)
  | { readonly name: 'take-over'; readonly place: Place };

/** Pages of the events of a file, published to the place's first org. */
export interface Sending {
  readonly place: Place;
  readonly warmUpFile: string;
  readonly file: string;
}

/** Topics with so many records in the log's. */
export interface Target {
  readonly place: Place;
  readonly records: number;
}

export interface Measured {
  readonly records: number;
  readonly cpuSeconds: number;
}

declare const gc: () => void;

/** Collects what the preparation left behind; workers run with `--expose-gc`. */
export const collectGarbage = (): void => gc();

export const cpuSecondsSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
