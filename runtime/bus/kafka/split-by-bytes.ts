/**
 * Cuts a list into runs of at most `maxBytes`, in order. An item that is larger than that is a run of its own: whether it
 * can be stored is for the broker to say.
 */
export const splitByBytes = <Item>(
  items: readonly Item[],
  bytesOf: (item: Item) => number,
  maxBytes: number,
): readonly (readonly Item[])[] => {
  const runs: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const run = runs.at(-1);
    const size = bytesOf(item);
    if (run === undefined || bytes + size > maxBytes) {
      runs.push([item]);
      bytes = size;
    } else {
      run.push(item);
      bytes += size;
    }
  }
  return runs;
};
