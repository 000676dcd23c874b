import { AppError } from '../../runtime/errors.ts';
import { type SqlToken, toSqlTokens } from './sql-tokens.ts';

const openings = ['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS'];

/** Functions and table functions that reach out of the database: to files, other servers, the network or programs. */
const reaching = new RegExp(
  `^(${[
    'file|url|remote|remoteSecure|cluster|clusterAllReplicas|s3|gcs|cosn|oss|hdfs|azureBlobStorage',
    'mysql|postgresql|mongodb|sqlite|redis|odbc|jdbc|executable|iceberg|deltaLake|hudi|paimon|python|input|infile',
    'arrowFlight|ytsaurus|dictionary|catBoostEvaluate|prometheusQuery|timeSeries\\w*|generateRandomFile',
  ].join('|')})(Cluster|S3|S3Cluster|Azure|AzureCluster|HDFS|HDFSCluster|Local|Range)?$`,
  'i',
);

const refuse = (message: string, hint: string): AppError => new AppError('usage-invalid', message, { hint });

/**
 * Lets a free query through only when it is one statement that reads, and reads nothing but this database. It is the
 * second lock: the client that runs it is read-only. But a read-only session still writes files for INTO OUTFILE, and
 * takes `SETTINGS readonly = 0` appended to the text. Gives the statement without its final semicolon; throws
 * `usage-invalid`.
 */
export const checkSql = (sql: string): string => {
  const tokens = toSqlTokens(sql);
  if (tokens === undefined) throw refuse('A quotation or comment does not end.', 'Close it.');
  const end = tokens.findIndex((token) => token.kind === 'symbol' && token.text === ';');
  if (end >= 0 && tokens.slice(end).some((token) => token.text !== ';')) {
    throw refuse('More than one statement.', 'Give one statement at a time.');
  }
  const words = end < 0 ? tokens : tokens.slice(0, end);
  const [first] = words;
  if (first?.kind !== 'word' || !openings.includes(first.text.toUpperCase())) {
    throw refuse(`Only statements that read can be run: ${openings.join(', ')}.`, 'Begin with one of these.');
  }
  words.forEach((token, index) => {
    checkToken(token, words.slice(index + 1, index + 3));
  });
  return end < 0 ? sql : sql.replace(/[;\s]+$/, '');
};

const checkToken = (token: SqlToken, [next, afterNext]: readonly SqlToken[]): void => {
  const isName = token.kind === 'word' || token.kind === 'name';
  if (isName && next?.text === '(' && next.kind === 'symbol' && reaching.test(token.text)) {
    throw refuse(`${token.text}() reaches out of the database.`, 'Query the tables and views of Kriver only.');
  }
  if (token.kind !== 'word') return;
  const word = token.text.toUpperCase();
  if (word === 'OUTFILE' || word === 'INFILE') {
    throw refuse(`${word} is not allowed: it touches files.`, 'Redirect the output of the command instead.');
  }
  if (word === 'SETTINGS' && next !== undefined && next.kind !== 'symbol' && afterNext?.text === '=') {
    throw refuse('SETTINGS are not allowed.', 'The limits of a query are set in the configuration: clickhouse.sql_….');
  }
};
