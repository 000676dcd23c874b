import { consumePartitions } from '../../runtime/bus/consume-partitions.ts';
import { createLmdbBus } from '../../runtime/bus/lmdb-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { openLmdbEnvironment } from '../../runtime/lmdb-environment.ts';
import { createLmdbStateStore } from '../../runtime/lmdb-state-store.ts';

/**
 * Publishes numbered records and folds them, as fast as it can, until it is killed. Reports on standard output, one line
 * each, what it was promised (with `hold` it only keeps the directory): `published N` (records 0..N are acked), `folded N` (state at offset N), `acked N`.
 */
const [, , directory = '', mode = 'work'] = process.argv;
const environment = await openLmdbEnvironment({ directory, logger: { info: () => {}, warn: () => {} } });
const bus = await createLmdbBus({ environment, orgs: ['acme'], clock: systemClock });
const store = createLmdbStateStore({ environment, bus });
const report = (line: string) => process.stdout.write(`${line}\n`);
report(`open ${environment.uncleanStop}`);

const publish = async () => {
  for (let next = await bus.endOffset('numbers', 0), size = 1; ; next += size, size = (size * 7 + 3) % 601) {
    const values = Array.from({ length: size }, (_, i) => Buffer.from(`${next + i} `.padEnd(600, 'kriver ')));
    await bus.publish(values.map((value) => ({ topic: 'numbers', org: 'acme', key: 'acme', value })));
    if (size > 0) report(`published ${next + size - 1}`);
  }
};

const fold = async () => {
  const saved = await store.load('sum', 0);
  let sum = Number(saved?.entries.get('sum') ?? 0);
  await consumePartitions({
    bus,
    topic: 'numbers',
    group: 'fold',
    until: 'stopped',
    signal: new AbortController().signal,
    from: async () => (saved?.offset ?? -1) + 1,
    handle: async ({ records }) => {
      const offset = records.at(-1)?.offset ?? 0;
      for (const { value } of records) sum += Number.parseInt(value.toString(), 10);
      const reading = {
        topic: 'sums',
        org: 'acme',
        key: `acme/${offset}`,
        value: Buffer.from(JSON.stringify({ offset, sum })),
      };
      const changes = new Map<string, unknown>([
        ['sum', sum],
        [`minute/${offset}`, offset],
      ]);
      await store.commit('sum', 0, { offset, changes, records: [reading] });
      report(`folded ${offset}`);
    },
  });
};

if (mode === 'hold') process.stdin.resume();
else await Promise.all([publish(), fold()]);
