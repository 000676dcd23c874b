/** Edits (insert, delete, replace, swap of neighbours) between two short words. */
const distance = (from: string, to: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? from.length;
};

/** Case, dashes and missing underscores are what people get wrong most: `baseUrl` is `base_url`. */
const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The known word that was most likely meant, or undefined when none is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const wanted = plain(word).slice(0, 64);
  const begins = known.find((candidate) => {
    const [short, long] = [wanted, plain(candidate)].sort((a, b) => a.length - b.length);
    return short !== undefined && short.length >= 4 && long?.startsWith(short);
  });
  if (begins !== undefined) return begins;
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(wanted, plain(candidate)) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(wanted.length / 3)) ? best.candidate : undefined;
};

/** "Did you mean X?", or what there is to choose from. */
export const suggest = (word: string, known: readonly string[]): string => {
  const meant = nearest(word, known);
  return meant === undefined ? `It is one of: ${known.join(', ')}.` : `Did you mean ${meant}?`;
};
