/** What is sent over the socket has a bound in both directions. */
export const mostBodyBytes = 2 ** 20;

/** A larger answer would be held several times in memory; ClickHouse's own limits are on rows, not on bytes. */
export const mostAnswerBytes = 128 * 2 ** 20;
