import { adviceOn, type TopicCheck } from '../../runtime/bus/kafka/topic-spec.ts';
import { printTable } from './table.ts';

const isRight = ({ actual, differences }: TopicCheck): boolean => actual !== undefined && differences.length === 0;

/** One row a topic; of one that differs, one for each difference. */
const toRows = ({ spec, actual, differences }: TopicCheck): string[][] => {
  if (actual === undefined) return [[spec.name, 'missing']];
  if (differences.length === 0) return [[spec.name, 'as needed']];
  return differences.map(({ setting, wanted, actual: found, canApply }) => [
    spec.name,
    canApply ? 'differs' : 'differs, by hand',
    setting,
    wanted,
    found,
  ]);
};

const closing = (checks: readonly TopicCheck[]): string => {
  const wrong = checks.filter((check) => !isRight(check));
  if (wrong.length === 0) return `All ${checks.length} topics are as Kriver needs them.`;
  const canApply = wrong.some(
    ({ actual, differences }) => actual === undefined || differences.some((one) => one.canApply),
  );
  return `${wrong.length} of ${checks.length} topics are not as Kriver needs them.${canApply ? ' `kriver topics --apply` creates what is missing and sets what can be changed.' : ''}`;
};

/** The topics as a table, what to do by hand, and a line that sums up. */
export const printTopics = (checks: readonly TopicCheck[]): string => {
  const table = printTable(
    [{ title: 'Topic' }, { title: 'State' }, { title: 'Setting' }, { title: 'Needed' }, { title: 'Found' }],
    checks.flatMap(toRows),
  );
  const advice = new Set(
    checks.flatMap(({ differences }) =>
      differences.flatMap((difference) => {
        const text = adviceOn(difference);
        return text === undefined ? [] : [`${difference.setting}: ${text}`];
      }),
    ),
  );
  return `${[table, ...advice, closing(checks)].join('\n\n')}\n`;
};

/** The same for programs: one document a topic. */
export const toTopicDocument = ({ spec, actual, differences }: TopicCheck) => ({
  topic: spec.name,
  exists: actual !== undefined,
  needed: { partitions: spec.partitions, replication: spec.replication, configs: spec.configs },
  differences: differences.map((difference) => ({ ...difference, advice: adviceOn(difference) ?? null })),
});
