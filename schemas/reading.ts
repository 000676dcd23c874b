import { z } from 'zod';
import { slugs } from './slugs.ts';

export const statuses = ['ok', 'partial', 'unknown'] as const;

/** Why a reading is not ok; where several hold, the first of this list is given. */
export const reasons = [
  'forbidden',
  'unauthorised',
  'engine',
  'no data',
  'first sweep',
  'coverage',
  'dead letters',
] as const;

export const definitions = ['draxis', 'corrected'] as const;

export const scoreSchema = z
  .object({
    value: z.number().nullable().describe('The figure: a percentage with one decimal, or a count. Null when unknown.'),
    numerator: z.int().nullable(),
    denominator: z.int().nullable().describe('Null for counts.'),
    status: z.enum(statuses),
    reason: z.enum(reasons).optional(),
    coverage: z.number().min(0).max(1).describe('The share of the window, or of the entities, that was read.'),
  })
  .describe('A KRI by one definition.');

export const readingSchema = z
  .object({
    org: z.string(),
    slug: z.enum(slugs),
    asOf: z.iso.datetime({ precision: 3 }).describe('T: the whole minute that the reading speaks of.'),
    draxis: scoreSchema.describe("By the derivation of Draxis's own Okta connector, to the letter."),
    corrected: scoreSchema.describe('With what Okta documents to be otherwise put right.'),
    measures: z.record(z.string(), z.number().nullable()).describe('Further figures of the same window.'),
    version: z.string().describe('epoch * 2^48 + input offset, decimal. The highest of one (org, slug, asOf) holds.'),
    digest: z.string().describe('32 hexadecimal digits: equal digests mean the same evidence.'),
  })
  .describe('One KRI at one minute, by both definitions.');

export type Reading = z.infer<typeof readingSchema>;
export type Score = z.infer<typeof scoreSchema>;
export type Reason = (typeof reasons)[number];
export type Definition = (typeof definitions)[number];

export const readingKey = (org: string, slug: string, asOf: string): string => `${org}/${slug}/${asOf}`;

/** One decimal, half up, by integers: the same in SQL. Undefined for a zero denominator. */
export const toPercentage = (numerator: number, denominator: number): number | undefined =>
  denominator === 0 ? undefined : Math.floor((2000 * numerator + denominator) / (2 * denominator)) / 10;

/** epoch * 2^48 + offset as the decimal string that a reading carries. */
export const toVersion = (epoch: number, offset: number): string =>
  ((BigInt(epoch) << 48n) + BigInt(offset)).toString();

/** The input offset of a version, whatever its epoch: the reading rests on the topic up to and with that record. */
export const offsetOfVersion = (version: string): number => Number(BigInt(version) & ((1n << 48n) - 1n));
