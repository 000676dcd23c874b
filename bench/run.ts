import { parseArgs } from 'node:util';
import { printFigures } from './figure.ts';
import { measureMemory } from './memory.ts';
import { measureThroughput } from './throughput.ts';

/**
 * `npm run bench`: throughput as ratios of a loop measured in the same run, on `--events N` events; with `--memory` the
 * peak memory of replays of 1 and 3 million events instead. Ends with 1 when a target is missed.
 */
const { values } = parseArgs({
  options: { events: { type: 'string', default: '200000' }, memory: { type: 'boolean', default: false } },
});
const figures = values.memory ? await measureMemory() : await measureThroughput(Number(values.events));
printFigures(figures);
process.exitCode = figures.some(({ passes }) => passes === false) ? 1 : 0;
