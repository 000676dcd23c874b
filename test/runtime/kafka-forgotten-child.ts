import pino from 'pino';
import { closeConnections, createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';

/** Forgets a connection, as kafkajs does now and then, and ends by itself only if it is closed all the same. */
const settings = kafkaSettingsSchema.parse({ brokers: [process.argv[2]], partitions: 1, replication: 1 });
const kafka = createKafka({ settings, logger: pino({ level: 'silent' }) });
await kafka.admin().connect();
if (process.argv[3] === 'close') closeConnections(kafka);
process.stdout.write('done');
