import { createInterface } from 'node:readline';
import { systemClock } from '../../runtime/clock.ts';
import { createKafkaWorld, textsOf, topic } from './kafka-world.ts';

/**
 * A member of a group in a process of its own, so that it can be stopped as a whole. Reports on standard output, one line
 * each: `has N`, `lost N`, `sees TEXT`, `acked TEXT`. It acks when a line comes in, and all that follows at once.
 */
const [, , broker = '', topicPrefix = '', group = ''] = process.argv;
const world = await createKafkaWorld({ brokers: [broker], partitions: 1, topicPrefix });
const report = (line: string) => process.stdout.write(`${line}\n`);
const told = new Promise<void>((resolve) => createInterface({ input: process.stdin }).once('line', () => resolve()));

for await (const assignment of world.bus.consume({ topic, group, signal: new AbortController().signal })) {
  report(`has ${assignment.partition}`);
  assignment.signal.addEventListener('abort', () => report(`lost ${assignment.partition}`));
  void (async () => {
    for await (const batch of assignment.batches()) {
      const texts = textsOf(batch.records).join(' ');
      report(`sees ${texts}`);
      await told;
      await batch.ack();
      report(`acked ${texts} at ${systemClock.now()}`);
    }
  })();
}
