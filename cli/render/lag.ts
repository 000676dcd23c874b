import type { LagAnswer, LagRow } from '../queries/lag.ts';
import { formatCount, formatDuration } from './quantities.ts';
import { printTable } from './table.ts';

/** A member's name ends in a random part, which tells the processes of one host apart. */
const ownerText = (owner: LagRow['owner']): string => {
  if (owner === null) return 'none';
  return owner.host === '' ? owner.member : `${owner.member} on ${owner.host}`;
};

const toRow = (org: string, row: LagRow): string[] => [
  org,
  row.stage === row.group ? row.stage : `${row.stage}, ${row.group}`,
  row.topic,
  String(row.partition),
  formatCount(row.lag),
  row.behindMs === null ? '-' : formatDuration(row.behindMs),
  ownerText(row.owner),
];

/** One row an org, stage and topic. */
export const printLag = (answers: readonly LagAnswer[]): string =>
  `${printTable(
    [
      { title: 'Org', maximum: 24 },
      { title: 'Stage' },
      { title: 'Topic' },
      { title: 'Partition', align: 'right' },
      { title: 'Waiting', align: 'right' },
      { title: 'Behind', align: 'right' },
      { title: 'Process', maximum: 80 },
    ],
    answers.flatMap(({ org, stages }) => stages.map((row) => toRow(org, row))),
  )}\n`;
