import { AppError } from '../../errors.ts';
import type { LmdbEnvironment } from '../../lmdb-environment.ts';
import { sealJson, unsealJson } from '../../sealed-json.ts';

/**
 * The number of each org's partition: given when the org is first seen, stored, and never changed or used again, also
 * when the org leaves the configuration. So the order of the configuration means nothing.
 */
export const assignPartitions = async (
  environment: LmdbEnvironment,
  orgs: readonly string[],
  anyLog: boolean,
): Promise<ReadonlyMap<string, number>> => {
  const table = environment.table('partitions');
  const name = 'the partitions of the orgs';
  const stored = () => {
    const sealed = table.getBinary('orgs');
    if (sealed !== undefined) return unsealJson(name, sealed) as string[];
    if (anyLog) throw lostNumbers(environment.directory);
    return [];
  };
  const known = new Set(stored());
  if (orgs.some((org) => !known.has(org))) {
    await environment.write(() => {
      const all = [...new Set([...stored(), ...orgs])];
      table.put('orgs', sealJson(name, all));
    });
  }
  return new Map(stored().map((org, partition) => [org, partition]));
};

/** Numbered anew, orgs would read each other's records. */
const lostNumbers = (directory: string): AppError =>
  new AppError('state-invalid', `${directory} holds logs, but no longer which org each of them is of.`, {
    hint: 'Check the disk. Restore the directory from a backup, or move it away to start anew.',
  });

export const unknownOrg = (org: string): AppError =>
  new AppError('configuration-invalid', `The org ${org} has no partition.`, {
    hint: 'Add it to the configured orgs and restart.',
  });
