import { z } from 'zod';
import { slugs } from './slugs.ts';

const timestamp = z.iso.datetime({ precision: 3 });

export const epochSchema = z
  .looseObject({
    kind: z.literal('epoch'),
    epoch: z.int().min(1).describe('Higher than every epoch of the org before.'),
    series: z.string().describe('The series in ClickHouse that holds the repaired readings.'),
    from: timestamp.describe('The first T that was repaired.'),
    to: timestamp.describe('The last T that was repaired.'),
    slugs: z.array(z.enum(slugs)).min(1),
  })
  .describe(
    'A repair of past readings that is complete. From this record on the repaired readings hold, and live work makes readings of this epoch.',
  );

/** `org/epoch`, the key of the record above in the log. */
export const epochKey = (org: string): string => `${org}/epoch`;
