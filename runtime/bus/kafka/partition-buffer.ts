import type { KafkaMessage } from 'kafkajs';

/**
 * Above this much the partition is not fetched; below, it is again. One more fetch response may come on top. kafkajs
 * sleeps for a whole wait when nothing may be fetched, and what is buffered has to last longer than that: with 2 MiB a
 * busy partition stood still most of the time.
 */
const fullBytes = 8 * 2 ** 20;

export interface PartitionBuffer {
  /** Takes what was fetched, unless it is older than what is expected next. `end` is the high watermark of the fetch. */
  push(messages: readonly KafkaMessage[], end: number): void;
  /** Up to `count` messages, in order; none when there are none. */
  take(count: number): readonly KafkaMessage[];
  /** Resolves when there is something to take, or at the next `wake`. */
  arrival(): Promise<void>;
  wake(): void;
  isFull(): boolean;
  isEmpty(): boolean;
  /** The offset that the next message to be fetched has at least. */
  next(): number;
  /** The newest known end of the partition. */
  end(): number;
}

/**
 * What was fetched of one partition and is not yet handed out. Fetching and handling are decoupled here, so that the
 * group's heartbeats and the other partitions never wait for a handler, and bounded, so that memory is too.
 */
export const createPartitionBuffer = (from: number): PartitionBuffer => {
  let messages: KafkaMessage[] = [];
  let taken = 0;
  let bytes = 0;
  let next = from;
  let end = from;
  let wake = () => {};
  let arrival: Promise<void> | undefined;

  return {
    push: (fetched, highWatermark) => {
      end = Math.max(end, highWatermark);
      for (const message of fetched) {
        const offset = Number(message.offset);
        if (offset < next) continue;
        next = offset + 1;
        bytes += message.value?.length ?? 0;
        messages.push(message);
      }
      end = Math.max(end, next);
      if (messages.length > taken) wake();
    },
    take: (count) => {
      const some = messages.slice(taken, taken + count);
      taken += some.length;
      for (const message of some) bytes -= message.value?.length ?? 0;
      if (taken === messages.length) {
        messages = [];
        taken = 0;
      }
      return some;
    },
    arrival: () => {
      if (messages.length > taken) return Promise.resolve();
      arrival ??= new Promise((resolve) => {
        wake = () => {
          arrival = undefined;
          wake = () => {};
          resolve();
        };
      });
      return arrival;
    },
    wake: () => wake(),
    isFull: () => bytes >= fullBytes,
    isEmpty: () => messages.length === taken,
    next: () => next,
    end: () => end,
  };
};
