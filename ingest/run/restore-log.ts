import { type Bus, orgOfKey } from '../../runtime/bus/bus.ts';
import { type Progress, progressKey, progressSchema } from '../../schemas/progress.ts';

const firstStep = 2_000;

/**
 * The last progress record of each org in one partition of a log topic. Reads from the committed offset to the end and,
 * where an org has none there, from ever earlier offsets: a batch's ack commits its last record, which may lie some
 * events after the last progress record.
 */
export const lastProgress = async (
  bus: Bus,
  topic: string,
  partition: number,
  orgs: ReadonlySet<string>,
  committed: number | undefined,
): Promise<ReadonlyMap<string, Progress>> => {
  let found = new Map<string, Progress>();
  for (let from = committed ?? 0, step = firstStep; ; from = Math.max(0, from - step), step *= 4) {
    found = new Map();
    for await (const records of bus.read(topic, partition, from)) {
      for (const { key, value } of records) {
        const org = orgOfKey(key);
        if (key !== progressKey(org) || !orgs.has(org)) continue;
        const parsed = progressSchema.safeParse(JSON.parse(value.toString('utf8')));
        if (parsed.success) found.set(org, parsed.data);
      }
    }
    if (found.size === orgs.size || from === 0) return found;
  }
};
