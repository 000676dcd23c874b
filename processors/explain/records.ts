import { type Bus, type BusRecord, orgOfKey } from '../../runtime/bus/bus.ts';

/** The records of one org in a topic, from an offset up to and with `last`. */
export async function* recordsUpTo(
  bus: Bus,
  range: { readonly topic: string; readonly org: string; readonly from: number; readonly last: number },
): AsyncGenerator<BusRecord> {
  const partition = bus.partitionOf(range.org);
  for await (const records of bus.read(range.topic, partition, range.from)) {
    for (const record of records) {
      if (record.offset > range.last) return;
      if (orgOfKey(record.key) === range.org) yield record;
    }
  }
}
