/** Wakes the consumers that wait at the end of a partition, so that nobody polls. */
export interface Arrivals {
  notify(topic: string, partition: number): void;
  /** Resolves at the next `notify` of the partition or when the signal aborts. Never rejects. */
  next(topic: string, partition: number, signal: AbortSignal): Promise<void>;
}

export const createArrivals = (): Arrivals => {
  const waiting = new Map<string, Set<() => void>>();
  return {
    notify: (topic, partition) => {
      for (const wake of [...(waiting.get(`${topic}/${partition}`) ?? [])]) wake();
    },
    next: (topic, partition, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const key = `${topic}/${partition}`;
        const here = waiting.get(key) ?? new Set();
        waiting.set(key, here);
        const wake = () => {
          here.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        here.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      }),
  };
};
