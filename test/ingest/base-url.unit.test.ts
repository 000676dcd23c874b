import { describe, expect, it } from 'vitest';
import { parseBaseUrl } from '../../ingest/okta/base-url.ts';

const rules = { customDomains: ['login.acme.example', ' ID.acme.example '] };

describe('parseBaseUrl', () => {
  it.each([
    ['https://acme.okta.com', 'https://acme.okta.com'],
    ['https://acme.okta.com/', 'https://acme.okta.com'],
    ['  https://acme.okta.com\n', 'https://acme.okta.com'],
    ['https://ACME.Okta.COM', 'https://acme.okta.com'],
    ['https://dev-123456.okta.com', 'https://dev-123456.okta.com'],
    ['https://acme.oktapreview.com', 'https://acme.oktapreview.com'],
    ['https://acme.okta-emea.com', 'https://acme.okta-emea.com'],
    ['https://acme.okta-gov.com', 'https://acme.okta-gov.com'],
    ['https://acme.okta.mil', 'https://acme.okta.mil'],
    ['https://acme.okta-miltest.com', 'https://acme.okta-miltest.com'],
    ['https://acme.trex-govcloud.com', 'https://acme.trex-govcloud.com'],
    ['https://login.acme.example', 'https://login.acme.example'],
    ['https://id.acme.example', 'https://id.acme.example'],
    [`https://${'a.'.repeat(122)}okta.com/`, `https://${'a.'.repeat(122)}okta.com`],
    [`https://a${'a.'.repeat(122)}okta.com/`, `https://a${'a.'.repeat(122)}okta.com`],
    ['https://admin.okta.com', 'https://admin.okta.com'],
  ])('takes %j as the origin %s', (text, origin) => {
    const outcome = parseBaseUrl(text, rules);
    expect(outcome.ok && outcome.url.origin).toBe(origin);
  });

  it.each([
    ['', 'empty'],
    ['acme.okta.com', 'does not begin with https://'],
    ['//acme.okta.com', 'does not begin with https://'],
    ['https:acme.okta.com', 'does not begin with https://'],
    ['https:/acme.okta.com', 'does not begin with https://'],
    ['https:\\\\acme.okta.com', 'does not begin with https://'],
    ['http://acme.okta.com', 'not https'],
    ['ftp://acme.okta.com', 'not https'],
    ['file:///etc/passwd', 'not https'],
    ['ftp://https://acme.okta.com', 'not https'],
    ['see https://acme.okta.com', 'does not begin with https://'],
    ['javascript://acme.okta.com', 'not https'],
    ['https://{yourOktaDomain}', 'placeholder'],
    ['https://yourOktaDomain.okta.com', 'placeholder'],
    ['https://{org}.okta.com', 'placeholder'],
    ['https://acme.okta.com/api/v1', 'path'],
    ['https://acme.okta.com//', 'path'],
    ['https://acme.okta.com/..', 'path'],
    ['https://acme.okta.com/?x=1', 'query'],
    ['https://acme.okta.com?x=1', 'query'],
    ['https://acme.okta.com#x', 'fragment'],
    ['https://evil.example#.okta.com', 'fragment'],
    ['https://evil.example?.okta.com', 'query'],
    ['https://evil.example/.okta.com', 'path'],
    ['https://evil.example\\.okta.com', 'backslash'],
    ['https://acme.okta.com@evil.example', 'user name'],
    ['https://user:pass@acme.okta.com', 'user name'],
    ['https://@acme.okta.com', 'user name'],
    ['https://acme.okta.com:443', 'port'],
    ['https://acme.okta.com:8443', 'port'],
    ['https://acme.okta.com:', 'port'],
    ['https://acme-admin.okta.com', 'Admin Console'],
    ['https://ACME-ADMIN.okta.com', 'Admin Console'],
    ['https://acme-admin.oktapreview.com', 'Admin Console'],
    ['https://acme.okta.com.com', '.com.com'],
    ['https://okta.com', 'not an Okta domain'],
    ['https://acme.okta.com.evil.example', 'not an Okta domain'],
    ['https://evilokta.com', 'not an Okta domain'],
    ['https://acme.evilokta.com', 'not an Okta domain'],
    ['https://acme.okta.co', 'not an Okta domain'],
    ['https://login.other.example', 'not an Okta domain'],
    ['https://sub.login.acme.example', 'not an Okta domain'],
    ['https://localhost', 'full, valid host name'],
    ['https://okta', 'full, valid host name'],
    ['https://acme.okta.com.', 'full, valid host name'],
    ['https://.okta.com', 'full, valid host name'],
    ['https://acme..okta.com', 'full, valid host name'],
    ['https://-acme.okta.com', 'full, valid host name'],
    [`https://${'a'.repeat(64)}.okta.com`, 'full, valid host name'],
    [`https://${'a.'.repeat(130)}okta.com`, 'full, valid host name'],
    ['https://127.0.0.1', 'IP address'],
    ['https://10.0.0.1/', 'IP address'],
    ['https://169.254.169.254', 'IP address'],
    ['https://2130706433', 'IP address'],
    ['https://0x7f000001', 'IP address'],
    ['https://0x7f.1', 'IP address'],
    ['https://017700000001', 'IP address'],
    ['https://127.1', 'IP address'],
    ['https://[::1]', 'IP address'],
    ['https://[::ffff:127.0.0.1]', 'IP address'],
    ['https://acme.okta.com%00.evil.example', 'characters'],
    ['https://acme%2eokta.com', 'characters'],
    ['https://аcme.okta.com', 'characters'],
    ['https://acme。okta。com', 'characters'],
    ['https://１２７.0.0.1', 'characters'],
    ['https://ac me.okta.com', 'characters'],
    ['https://acme.ok\tta.com', 'characters'],
    ['https://acme_org.okta.com', 'characters'],
    ['https://acme_org.okta.com/', 'characters'],
    ['http://127.0.0.1:8080', 'not https'],
  ])('refuses %j', (text, problem) => {
    const outcome = parseBaseUrl(text, rules);
    expect(outcome).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
    expect(!outcome.ok && outcome.hint.length).toBeGreaterThan(20);
  });

  it.each([
    ['http://127.0.0.1:8080', true],
    ['http://127.0.0.1:8080/', true],
    ['http://127.0.0.1:1', true],
    ['http://127.0.0.1:65535', true],
    ['http://127.0.0.1:65536', false],
    ['http://127.0.0.1:0', false],
    ['http://127.0.0.1:70000', false],
    ['http://127.0.0.1', false],
    ['http://127.0.0.2:8080', false],
    ['http://localhost:8080', false],
    ['http://127.1:8080', false],
    ['http://2130706433:8080', false],
    ['http://[::1]:8080', false],
    ['http://127.0.0.1:8080@evil.example', false],
    ['http://127.0.0.1:8080/api', false],
    ['https://127.0.0.1:8080', false],
  ])('with loopback allowed, %s is permitted: %s', (text, ok) => {
    expect(parseBaseUrl(text, { allowLoopback: true }).ok).toBe(ok);
  });

  it('says that a port does not exist', () => {
    expect(parseBaseUrl('http://127.0.0.1:70000', { allowLoopback: true })).toMatchObject({
      problem: expect.stringContaining('port'),
    });
  });

  it('lists the domains of Okta for a host below none of them', () => {
    expect(parseBaseUrl('https://acme.example')).toMatchObject({
      problem: expect.stringContaining('not an Okta domain'),
      hint: expect.stringContaining('okta.com, oktapreview.com'),
    });
  });

  it('names the host without -admin in the hint', () => {
    expect(parseBaseUrl('https://acme-admin.okta.com')).toMatchObject({
      hint: expect.stringContaining('https://acme.okta.com'),
    });
  });
});
