/**
 * A percentage with one decimal, half up, by integers, as SQL over two integer expressions: the same figure as
 * `toPercentage` gives in code. Null for a zero denominator.
 */
export const percentageSql = (numerator: string, denominator: string): string =>
  `if((${denominator}) = 0, NULL, intDivOrZero(2000 * (${numerator}) + (${denominator}), 2 * (${denominator})) / 10)`;
