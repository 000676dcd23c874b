import { z } from 'zod';
import { Secret } from '../../secret.ts';

const secret = z.instanceof(Secret);

const tlsSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether the brokers are reached over TLS.'),
    ca: z.string().optional().describe("PEM text of the authorities to trust, in place of Node's own list."),
    certificate: z.string().optional().describe('PEM text of the certificate that Kriver shows, for mutual TLS.'),
    key: secret.optional().describe('PEM text of the key of that certificate.'),
  })
  .describe('How the connection to the brokers is encrypted.');

const saslSchema = z
  .strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('As the brokers are configured.'),
    user: z.string().min(1).describe('The user that Kriver signs in as.'),
    password: secret.describe('The password of that user, a secret.'),
  })
  .describe('How Kriver signs in to the brokers; without it, it does not.');

const registrySchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Where it answers, the path of its Confluent API included.'),
    user: z.string().min(1).optional().describe('The user for basic authentication, if it asks for one.'),
    password: secret.optional().describe('The password of that user, a secret.'),
  })
  .describe('The schema registry that speaks the Confluent API. Without one, values are plain JSON.');

/** A Kafka topic is made of these; the prefix must keep every name legal. */
const prefixPattern = /^[A-Za-z0-9._-]{0,100}$/;

/** What is needed to use Kafka: resolved, so that secrets are values and files are read. */
export const kafkaSettingsSchema = z.strictObject({
  brokers: z
    .array(z.string().regex(/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/))
    .min(1)
    .describe('The brokers to start from, each as host:port.'),
  client_id: z
    .string()
    .min(1)
    .max(100)
    .default('kriver')
    .describe('The name under which brokers log and limit Kriver.'),
  topic_prefix: z
    .string()
    .regex(prefixPattern)
    .default('')
    .describe('Put before the names of topics and consumer groups, for clusters that are shared.'),
  partitions: z
    .int()
    .min(1)
    .max(1_000)
    .default(12)
    .describe('How many partitions each topic has. An org lives in one of them, so it cannot be changed later.'),
  replication: z.int().min(1).max(9).default(3).describe('On how many brokers each partition is kept.'),
  tls: tlsSchema.prefault({}),
  sasl: saslSchema.optional(),
  registry: registrySchema.optional(),
});

export type KafkaSettings = z.infer<typeof kafkaSettingsSchema>;
