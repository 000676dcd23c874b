export interface MapOutcome<Result> {
  readonly results: readonly Result[];
  /** The first rejection, after which nothing new was begun; what was under way is in the results. */
  readonly error: unknown;
  readonly failed: boolean;
}

/** Runs a function over items, at most `atOnce` at a time. Never rejects: what succeeded is kept when something fails. */
export const mapAtOnce = async <Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<MapOutcome<Result>> => {
  const results: Result[] = [];
  let next = 0;
  let failed = false;
  let firstError: unknown;
  const worker = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const item = items[next] as Item;
      next += 1;
      try {
        results.push(await work(item));
      } catch (error) {
        if (!failed) firstError = error;
        failed = true;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return { results, error: firstError, failed };
};
