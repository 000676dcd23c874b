import { describe, expect, it } from 'vitest';
import { createLogger } from '../../cli/logger.ts';
import { Secret } from '../../runtime/secret.ts';

const logged = (
  options: { pretty: boolean; colour?: boolean; level?: string },
  log: (logger: ReturnType<typeof createLogger>) => void,
): string => {
  let text = '';
  log(
    createLogger({
      level: options.level ?? 'info',
      pretty: options.pretty,
      colour: options.colour ?? false,
      write: (line) => {
        text += line;
      },
    }),
  );
  return text;
};

describe('the logger', () => {
  it('writes a JSON object a line', () => {
    const [line, rest] = logged({ pretty: false }, (logger) =>
      logger.info({ component: 'ingest', org: 'acme' }, 'caught up'),
    ).split('\n');

    expect(JSON.parse(line ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      component: 'ingest',
      org: 'acme',
      msg: 'caught up',
    });
    expect(rest).toBe('');
  });

  it('writes time, level, component, message and fields for people', () => {
    const text = logged({ pretty: true }, (logger) =>
      logger.child({ component: 'ingest' }).warn({ org: 'acme', events: 120, reason: 'two words' }, 'behind'),
    );

    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}ingest behind org=acme events=120 reason="two words"\n$/);
  });

  it('indents the stack of an error below its line, and lets no stranger write lines or colours', () => {
    const text = logged({ pretty: true }, (logger) =>
      logger.error({ err: new Error('a\u001b[31mb'), name: 'x\nFATAL fake' }, 'failed\u001b[2J'),
    );

    expect(text).toMatch(/ERROR failed name="x FATAL fake"\n {4}Error: ab\n {4} +at /);
    expect(text).not.toContain('\u001b');
  });

  it('colours only when told to', () => {
    expect(logged({ pretty: true, colour: true }, (logger) => logger.info('x'))).toContain('\u001b[32m');
  });

  it('writes nothing below its level', () => {
    expect(logged({ pretty: false, level: 'warn' }, (logger) => logger.info('x'))).toBe('');
  });

  const okta = `00${'CANARY'.repeat(6)}abcd`;
  it.each([
    ['in the message', (logger: ReturnType<typeof createLogger>) => logger.info(`token is ${okta}`)],
    ['in a header', (logger) => logger.info({ request: { headers: { Authorization: 'CANARY-opaque' } } })],
    ['in a list of headers', (logger) => logger.info({ headers: ['authorization', 'SSWS CANARY-opaque'] })],
    ['in a field called token', (logger) => logger.info({ a: { b: { c: { token: 'CANARY \\" more CANARY' } } } })],
    ['in a child', (logger) => logger.child({ password: 'CANARY' }).info('x')],
    [
      'in an error and its cause',
      (logger) => logger.error({ err: new Error(`bad ${okta}`, { cause: new Error('"Bearer CANARY" is invalid') }) }),
    ],
    ['of Draxis', (logger) => logger.info('pushing with drx_pat_tenant.CANARY')],
    ['in a URL', (logger) => logger.info('proxy http://user:CANARY@proxy:3128')],
    ['in a Secret', (logger) => logger.info({ value: new Secret('CANARY') })],
  ] satisfies [string, (logger: ReturnType<typeof createLogger>) => void][])('masks a secret %s', (_, log) => {
    for (const pretty of [true, false]) {
      const text = logged({ pretty }, log);
      expect(text).toContain('***');
      expect(text).not.toContain('CANARY');
    }
  });
});
