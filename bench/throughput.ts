import { fileURLToPath } from 'node:url';
import type { Figure } from './figure.ts';
import { eventsFile } from './make-events.ts';
import { runChild } from './run-child.ts';
import type { WorkloadName } from './workloads/index.ts';
import type { Measured } from './workloads/workload.ts';

const program = fileURLToPath(new URL('run-workload.js', import.meta.url));
const warmUpEvents = 20_000;
const rounds = 3;

const targets: readonly { readonly name: WorkloadName; readonly what: string; readonly target: number }[] = [
  { name: 'replay-last', what: 'File to 7 KRIs of the last minute and ClickHouse rows', target: 0.5 },
  { name: 'replay-hourly', what: 'File to 7 KRIs of every hour and ClickHouse rows', target: 0.5 },
  { name: 'fold-facts', what: 'Headers to the KRIs of every minute', target: 5 },
];

/**
 * Events per CPU-second, as a ratio of those of a loop that only splits lines and parses them. Every run has a process
 * of its own, all read the same file, and rounds alternate, so that what else the machine does meets each alike; the best
 * of the rounds counts. The spread of the loop tells how far the figures can be trusted.
 */
export const measureThroughput = async (events: number): Promise<readonly Figure[]> => {
  const warmUpFile = await eventsFile(warmUpEvents);
  const file = await eventsFile(events);
  const rates = new Map<WorkloadName, number[]>();
  const run = async (name: WorkloadName): Promise<void> => {
    const printed = await runChild(['--expose-gc', program, name, warmUpFile, file]);
    const measured = JSON.parse(printed) as Measured;
    rates.set(name, [...(rates.get(name) ?? []), measured.events / measured.cpuSeconds]);
  };
  for (let round = 0; round < rounds; round += 1) {
    await run('parse-lines');
    for (const { name } of targets) await run(name);
  }
  await run('parse-lines');
  const best = (name: WorkloadName): number => Math.max(...(rates.get(name) ?? []));
  const baseline = rates.get('parse-lines') ?? [];
  const noise = Math.max(...baseline) / Math.min(...baseline) - 1;
  return [
    {
      what: `Splitting lines and JSON.parse (noise ${Math.round(noise * 100)} %)`,
      measured: `${Math.round(best('parse-lines') / 1000)}k/s`,
    },
    ...targets.map(({ name, what, target }) => {
      const ratio = best(name) / best('parse-lines');
      return { what, measured: ratio.toFixed(2), target: `>= ${target}`, passes: ratio >= target };
    }),
  ];
};
