import { type Topic, toJsonSchema } from '../../schemas/topic.ts';

/**
 * The draft that registries compare. Apicurio and older Confluent releases take a schema of draft 2020-12 and then fail
 * on the first comparison with the next version. None of our schemas has a keyword that means something else in the two.
 */
const draft = 'http://json-schema.org/draft-07/schema#';

/** The subject under which stock serialisers look a topic's values up: Confluent's TopicNameStrategy. */
export const toSubject = (topicPrefix: string, topic: Topic): string => `${topicPrefix}${topic.name}-value`;

/**
 * The text that is registered: the topic's JSON Schema, whose golden file differs in `$schema` only. Registries compare
 * texts to the letter, so it is the same for the same release, whoever writes it.
 */
export const toSchemaText = (topic: Topic): string => JSON.stringify({ ...toJsonSchema(topic), $schema: draft });
