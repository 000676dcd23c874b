/**
 * A partition may come back to a process while what it did before is still ending, slowly when the broker is away. The
 * next turn begins when the one before has ended, and has given up what it held, and not earlier. Turns of different
 * partitions do not wait for one another; a turn that failed fails those after it.
 */
export const createTurns = (): ((partition: number, own: () => Promise<void>) => Promise<void>) => {
  const last = new Map<number, Promise<void>>();
  return (partition, own) => {
    const turn = (last.get(partition) ?? Promise.resolve()).then(own);
    last.set(partition, turn);
    return turn;
  };
};
