import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import type { SecuredListener } from '../engines/kafka-properties.ts';
import { makeTls } from '../engines/kafka-tls.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';
import { createLog } from './kafka-world.ts';

const shared = await sharedKafka();
const wrongPassword = 'wrong-sesame-7781';

/** What an error and the errors behind it say, and all that was logged. */
const said = (error: unknown): string =>
  error instanceof Error ? `${error.message}\n${JSON.stringify(error)}\n${error.stack}\n${said(error.cause)}` : '';

/** Opens a bus as the settings say: in, or the error; in both cases with everything that was said. */
const signIn = async (listener: SecuredListener, given: object, { skip }: TestContext) => {
  const { secured } = orSkip(shared, skip);
  const settings = kafkaSettingsSchema.parse({ brokers: [secured[listener]], ...given });
  const log = createLog();
  const kafka = createKafka({ settings, logger: log.logger });
  try {
    const bus = await openKafkaBus({
      kafka,
      topicPrefix: '',
      partitions: 1,
      schemaIds: async () => new Map(),
      logger: log.logger,
      clock: systemClock,
      stopping: AbortSignal.abort(),
    });
    const topics = await withAdmin({ kafka, clock: systemClock, what: 'Nothing is seen' }, (admin) =>
      admin.listTopics(),
    );
    await bus.close();
    return { outcome: Array.isArray(topics) ? 'in' : 'blind', everything: log.text() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { outcome: error.code, text: error.message, hint: error.hint, everything: `${log.text()}${said(error)}` };
  }
};

const tlsOf = ({ skip }: TestContext) => {
  const { tls } = orSkip(shared, skip);
  if (tls === undefined) throw new Error('the shared Kafka has no certificates');
  return tls;
};
const userOf = ({ skip }: TestContext) => orSkip(shared, skip).user;

describe.for(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('SASL %s', (mechanism) => {
  test.for(['sasl', 'saslTls'] as const)(
    'lets in who knows the password at the listener %s',
    async (listener, context) => {
      const { user, password } = userOf(context);
      const tls = listener === 'sasl' ? {} : { tls: { enabled: true, ca: tlsOf(context).ca } };
      const { outcome, everything } = await signIn(
        listener,
        { ...tls, sasl: { mechanism, user, password: new Secret(password) } },
        context,
      );
      expect(outcome).toBe('in');
      expect(everything).not.toContain(password);
    },
  );

  test('refuses a wrong password, at once and without telling it', async (context) => {
    const { user } = userOf(context);
    const sasl = { mechanism, user, password: new Secret(wrongPassword) };
    const refused = await signIn('sasl', { sasl }, context);
    expect(refused).toMatchObject({ outcome: 'bus-unauthorised', hint: expect.stringContaining('bus.sasl') });
    expect(refused.everything).not.toContain(wrongPassword);
    expect(refused.everything).not.toContain(Buffer.from(wrongPassword).toString('base64'));
  });
});

describe('TLS', () => {
  test('is trusted with the authority that signed the broker', async (context) => {
    const { ca } = tlsOf(context);
    expect((await signIn('tls', { tls: { enabled: true, ca } }, context)).outcome).toBe('in');
  });

  test('is not trusted with another authority, nor with those of Node, and the error says what to set', async (context) => {
    tlsOf(context);
    const directory = await mkdtemp(join(tmpdir(), 'kriver-other-ca-'));
    context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const { ca } = await makeTls(directory);
    for (const tls of [{ enabled: true, ca }, { enabled: true }]) {
      const refused = await signIn('tls', { tls }, context);
      expect(refused).toMatchObject({ outcome: 'bus-unavailable', hint: expect.stringContaining('bus.tls.ca') });
      expect(refused.text).toMatch(/certificate/);
    }
  });

  test('asked of a plain listener, or not asked of one that has it, is unavailable, and the hint names TLS', async (context) => {
    const { ca } = tlsOf(context);
    const refused = await signIn('sasl', { tls: { enabled: true, ca } }, context);
    expect(refused).toMatchObject({ outcome: 'bus-unavailable', hint: expect.stringContaining('TLS') });
  });

  test('with a certificate of ours lets in who shows one, and nobody else; the key is never told', async (context) => {
    const { ca, certificate, key } = tlsOf(context);
    const shown = await signIn('mutualTls', { tls: { enabled: true, ca, certificate, key: new Secret(key) } }, context);
    expect(shown.outcome).toBe('in');
    const hidden = await signIn('mutualTls', { tls: { enabled: true, ca } }, context);
    expect(hidden.outcome).toBe('bus-unavailable');
    const line = key.split('\n')[1] ?? 'no key';
    expect(`${shown.everything}${hidden.everything}`).not.toContain(line);
  });
});
