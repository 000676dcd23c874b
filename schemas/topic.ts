import { z } from 'zod';

/** How long a topic keeps records: by age, or the newest of each key with a minimum age before older ones go. */
export interface Retention {
  readonly cleanup: 'delete' | 'compact';
  /** `delete`: the age at which a record goes. `compact`: the age up to which superseded records stay. */
  readonly days: number;
}

export interface Topic<Value extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly version: number;
  /** The shape of the record key, for people: `org/user/U`. */
  readonly key: string;
  readonly description: string;
  readonly value: Value;
  readonly retention: Retention;
}

/** The one declaration of a topic: bus settings, registry subject, reference page and golden JSON Schema derive from it. */
export const defineTopic = <Value extends z.ZodType>(topic: Topic<Value>): Topic<Value> => topic;

/** The JSON Schema (draft 2020-12) of what a topic carries: kept as a golden file, registered in a schema registry. */
export const toJsonSchema = (topic: Topic): Record<string, unknown> => ({
  title: topic.name,
  ...z.toJSONSchema(topic.value, { io: 'input', unrepresentable: 'any' }),
});
