import { test } from 'vitest';
import { sharedKafka } from '../engines/shared.ts';
import { kafkaBusContract } from './kafka-contract.ts';

const shared = await sharedKafka();
if (shared.available) kafkaBusContract('the Kafka bus on a real broker', shared.brokers);
else test('the Kafka bus keeps the contract on a real broker', ({ skip }) => skip(shared.reason));
