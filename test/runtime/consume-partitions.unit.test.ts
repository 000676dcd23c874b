import { describe, expect, test } from 'vitest';
import type { Assignment, Bus } from '../../runtime/bus/bus.ts';
import { consumePartitions } from '../../runtime/bus/consume-partitions.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';

const topic = 'some.topic';
const org = 'acme';

/** A bus on which one partition is handed out, taken away and handed out again, as a rebalance does. */
const createReturningBus = async () => {
  const memory = createMemoryBus();
  await memory.publish([{ topic, org, key: org, value: Buffer.from('one') }]);
  const first = new AbortController();
  const second = new AbortController();
  let handBack = () => {};
  const back = new Promise<void>((resolve) => {
    handBack = resolve;
  });
  const batchesOf = (signal: AbortSignal): Assignment['batches'] =>
    async function* () {
      for await (const records of memory.read(topic, 0, 0)) {
        if (!signal.aborted) yield { topic, partition: 0, records, endOffset: 1, ack: async () => {} };
      }
    };
  const bus: Bus = {
    ...memory,
    consume: async function* () {
      for (const { signal } of [first, second]) {
        yield { topic, partition: 0, signal, batches: batchesOf(signal) };
        if (signal === first.signal) await back;
      }
    },
  };
  return { bus, takeAway: () => first.abort(), handBack, reason: () => first.signal.reason as unknown };
};

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a partition that comes back', () => {
  test('is begun again only when what was under way has ended and was released', async () => {
    const { bus, takeAway, handBack } = await createReturningBus();
    const steps: string[] = [];
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let handled = 0;
    const consuming = consumePartitions({
      bus,
      topic,
      group: 'g',
      until: 'stopped',
      signal: new AbortController().signal,
      from: async () => {
        steps.push('load');
        return 0;
      },
      handle: async () => {
        handled += 1;
        steps.push(`handle ${handled}`);
        if (handled === 1) await slow;
        steps.push('handled');
      },
      released: async () => {
        steps.push('released');
      },
    });
    await turns();
    takeAway();
    handBack();
    await turns();
    expect(steps).toEqual(['load', 'handle 1']);
    finish();
    await consuming;
    expect(steps).toEqual(['load', 'handle 1', 'handled', 'released', 'load', 'handle 2', 'handled', 'released']);
  });

  test('is begun again although its handler gave up, and any other failure ends the consumption', async () => {
    const { bus, takeAway, handBack, reason } = await createReturningBus();
    let handled = 0;
    const consuming = consumePartitions({
      bus,
      topic,
      group: 'g',
      until: 'stopped',
      signal: new AbortController().signal,
      handle: async () => {
        handled += 1;
        if (handled === 2) throw new Error('the disk is gone');
        takeAway();
        handBack();
        throw reason();
      },
    });
    await expect(consuming).rejects.toThrow('the disk is gone');
    expect(handled).toBe(2);
  });
});
