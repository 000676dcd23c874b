import { tables } from './0001-tables.ts';
import { views } from './0002-views.ts';
import { processorState } from './0003-processor-state.ts';

export interface Migration {
  /** Rising from 1, never reused; a migration that was released is never edited. */
  readonly number: number;
  readonly name: string;
  /** Each safe to run again: a crash can fall between a statement and the record that the migration is done. */
  readonly statements: readonly string[];
}

export const migrations: readonly Migration[] = [
  { number: 1, name: 'tables', statements: tables },
  { number: 2, name: 'views', statements: views },
  { number: 3, name: 'processor state', statements: processorState },
];
