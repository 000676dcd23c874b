import type { Bus } from '../../runtime/bus/bus.ts';
import { AppError } from '../../runtime/errors.ts';
import { type DeadLetter, deadLetterSchema } from '../../schemas/dead-letter.ts';
import { deadLettersTopic } from '../../schemas/topics.ts';
import type { OrgConfig } from '../config/config.ts';

/** A dead letter without its bytes. */
export interface DeadLetterSummary extends Pick<DeadLetter, 'id' | 'org' | 'at' | 'origin' | 'reason'> {
  /** Bytes that are kept. */
  readonly size: number;
  readonly truncated: boolean;
}

export interface ListedDeadLetter {
  readonly letter: DeadLetter;
  readonly summary: DeadLetterSummary;
}

const toSummary = ({ id, org, at, origin, reason, bytes, truncated }: DeadLetter): DeadLetterSummary => ({
  id,
  org,
  at,
  origin,
  reason,
  size: Buffer.from(bytes, 'base64').length,
  truncated,
});

/** The dead letters of some orgs, newest first; the same bad record counts once, as it was last met. */
export const listDeadLetters = async (bus: Bus, orgs: readonly OrgConfig[]): Promise<readonly ListedDeadLetter[]> => {
  const names = new Set(orgs.map(({ name }) => name));
  const letters = new Map<string, ListedDeadLetter>();
  for (const partition of new Set(orgs.map(({ name }) => bus.partitionOf(name)))) {
    for await (const records of bus.read(deadLettersTopic.name, partition, 0)) {
      for (const { value } of records) {
        const letter = deadLetterSchema.parse(JSON.parse(value.toString('utf8')));
        if (!names.has(letter.org)) continue;
        letters.delete(letter.id);
        letters.set(letter.id, { letter, summary: toSummary(letter) });
      }
    }
  }
  return [...letters.values()].sort((a, b) => (a.letter.at < b.letter.at ? 1 : a.letter.at > b.letter.at ? -1 : 0));
};

/** The one whose id begins so. Throws `data-invalid` when there is none and `usage-invalid` when there are several. */
export const findDeadLetter = (letters: readonly ListedDeadLetter[], id: string): DeadLetter => {
  const found = letters.filter(({ letter }) => id !== '' && letter.id.startsWith(id));
  const [first] = found;
  if (first === undefined) {
    throw new AppError('data-invalid', `There is no dead letter ${id}.`, { hint: '`kriver dlq list` shows all.' });
  }
  if (found.length > 1) {
    throw new AppError('usage-invalid', `${found.length} dead letters begin with ${id}.`, {
      hint: 'Give more of the id: `kriver dlq list --json` has it whole.',
    });
  }
  return first.letter;
};
