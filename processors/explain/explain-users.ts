import type { Bus } from '../../runtime/bus/bus.ts';
import { offsetOfVersion, type Reading } from '../../schemas/reading.ts';
import { appLinksSnapshotSchema, userSnapshotSchema } from '../../schemas/snapshots.ts';
import type { IndicatorSettings, UserIndicator } from '../indicator.ts';
import { createUserDirectory, type Person } from '../posture/user-directory.ts';
import { isProgress } from '../topic-folds.ts';
import { type Evidence, type EvidenceItem, toCounted } from './evidence.ts';
import { recordsUpTo } from './records.ts';
import { toSetDigest } from './set-digest.ts';

const toFactorText = ({ factorType, status }: NonNullable<Person['factors']>[number]): string =>
  status === 'ACTIVE' ? factorType : `${factorType} (${status})`;

/** Of a percentage those who are asked and lack it, of a count those who have it. */
const toMembership = (unit: 'percent' | 'count', membership: string) => {
  const [draxis, draxisBase, corrected, correctedBase] = [...membership].map((member) => member === '1');
  const adds = (has: boolean | undefined, base: boolean | undefined) =>
    (unit === 'percent' ? base === true && has !== true : has === true) ? 1 : 0;
  return toCounted(adds(draxis, draxisBase), adds(corrected, correctedBase));
};

/** The people behind a reading: the topic is folded once more, up to the record that the reading was made at. */
export const explainUsers = async (options: {
  readonly bus: Bus;
  readonly settings: IndicatorSettings;
  readonly indicator: UserIndicator;
  readonly reading: Reading;
}): Promise<Evidence> => {
  const { bus, settings, indicator, reading } = options;
  const { org } = reading;
  const users = createUserDirectory(org, []);
  const names = new Map<string, string>();
  const apps = new Map<string, readonly string[]>();
  const last = offsetOfVersion(reading.version);
  for await (const record of recordsUpTo(bus, { topic: indicator.reads, org, from: 0, last })) {
    if (isProgress(record)) continue;
    const value: unknown = JSON.parse(record.value.toString('utf8'));
    users.fold(value);
    const { kind } = value as { kind?: unknown };
    if (kind === 'user') {
      const { id, name } = userSnapshotSchema.parse(value);
      if (name !== undefined) names.set(id, name);
    } else if (kind === 'applinks') {
      const links = appLinksSnapshotSchema.parse(value);
      apps.set(
        links.id,
        links.apps.map(({ label, appInstanceId }) => label ?? appInstanceId),
      );
    }
  }
  const { evidence } = indicator.score(users.directory, settings);
  const people = [...users.directory.withStatus('ACTIVE'), ...users.directory.withStatus('SUSPENDED')];
  const items = people.flatMap((person): EvidenceItem[] => {
    const counted = toMembership(indicator.unit, evidence.get(person.id) ?? '0000');
    if (!counted.draxis && !counted.corrected) return [];
    return [
      {
        kind: 'person',
        ...counted,
        user: person.id,
        name: names.get(person.id) ?? null,
        factors: (person.factors ?? []).map(toFactorText),
        apps: apps.get(person.id) ?? [],
      },
    ];
  });
  return { items, digest: toSetDigest(evidence) };
};
