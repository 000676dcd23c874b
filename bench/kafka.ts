import { parseArgs } from 'node:util';
import { migrate } from '../sinks/clickhouse/migrate.ts';
import type { Figure } from './figure.ts';
import { printFigures } from './figure.ts';
import { startEngines } from './kafka/engines.ts';
import { measureSharing, measureStreams } from './kafka/measure-streams.ts';
import { measureTakeover } from './kafka/measure-takeover.ts';
import { connectClickHouse } from './kafka/place.ts';

/**
 * `npm run bench:kafka`: distributed mode on a broker and a ClickHouse server of its own (see `npm run engines` for what
 * that needs): streams, sharing, takeover, or the one named by `--only`. Ends with 1 when a target is missed.
 */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    orgs: { type: 'string', default: '24' },
    only: { type: 'string' },
  },
});
const events = Number(values.events);
const rounds = Number(values.rounds);
const engines = await startEngines();
const figures: Figure[] = [];
const isWanted = (name: string): boolean => values.only === undefined || values.only === name;
try {
  const client = connectClickHouse(engines);
  await migrate(client);
  await client.close();
  if (isWanted('streams')) figures.push(...(await measureStreams(engines, { events, rounds })));
  if (isWanted('sharing'))
    figures.push(...(await measureSharing(engines, { events, rounds, orgs: Number(values.orgs) })));
  if (isWanted('takeover')) figures.push(...(await measureTakeover(engines, { rounds })));
} finally {
  await engines.stop();
}
printFigures(figures);
process.exitCode = figures.some(({ passes }) => passes === false) ? 1 : 0;
