import { readEvents } from '../../ingest/recordings/read-events.ts';
import { type Facts, toFacts } from '../../schemas/facts.ts';

/** What one run over a file did and took. */
export interface Measured {
  readonly events: number;
  readonly cpuSeconds: number;
}

/** One way to go through a file of events. It prepares what is not to be measured, then measures the rest. */
export type Workload = (file: string) => Promise<Measured>;

declare const gc: () => void;

/**
 * CPU seconds of the whole process, all threads, garbage collection included; what the preparation left behind is
 * collected before (the process runs with `--expose-gc`).
 */
export const measure = async (run: () => number | Promise<number>): Promise<Measured> => {
  gc();
  const before = process.cpuUsage();
  const events = await run();
  const { user, system } = process.cpuUsage(before);
  return { events, cpuSeconds: (user + system) / 1e6 };
};

/** The facts of a recording, a batch at a time, parsed as `kriver replay` does. */
export async function* readFacts(file: string): AsyncGenerator<Facts[]> {
  for await (const batch of readEvents(file)) {
    const facts: Facts[] = [];
    for (const { bytes } of batch) {
      const outcome = toFacts(JSON.parse(bytes.toString('utf8')));
      if (!outcome.ok) throw new Error(outcome.reason);
      facts.push(outcome.facts);
    }
    yield facts;
  }
}

export const settings = { org: 'bench', userSampleCap: 2_000, velocityNames: [] } as const;
