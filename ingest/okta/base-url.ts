import { isIP } from 'node:net';

/** Okta's own domains: those of its SDKs' validators. An org is one host below one of them. */
export const oktaDomains = [
  'okta.com',
  'oktapreview.com',
  'okta-emea.com',
  'okta-gov.com',
  'okta.mil',
  'okta-miltest.com',
  'trex-govcloud.com',
] as const;

export type BaseUrlOutcome =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly problem: string; readonly hint: string };

export interface BaseUrlRules {
  /** Permits http://127.0.0.1:PORT, for a simulated org on this machine. Nothing else that is not https. */
  readonly allowLoopback?: boolean;
  /** Hosts that the operator allowed by name, because the org is served under its own domain. */
  readonly customDomains?: readonly string[];
}

const example = 'Give the org URL as https://acme.okta.com: https, the host, and nothing after it.';
const refuse = (problem: string, hint: string = example): BaseUrlOutcome => ({ ok: false, problem, hint });

const loopback = /^http:\/\/127\.0\.0\.1:(\d{1,5})\/?$/;
/** Only what a host name is written with. Anything else is diagnosed below, and refused even where that finds nothing. */
const plainHttps = /^https:\/\/([a-z0-9.-]+)\/?$/i;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Says what is wrong with a text that is not `https://host`. */
const diagnose = (text: string): BaseUrlOutcome => {
  if (text === '') return refuse('The Okta base URL is empty.');
  if (/[{}]|youroktadomain/i.test(text)) {
    return refuse('The Okta base URL still has the placeholder {yourOktaDomain} in it.');
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return refuse('The Okta base URL does not begin with https://.');
  if (!/^https:\/\//i.test(text)) return refuse('The Okta base URL is not https.');
  if (text.includes('@')) return refuse('The Okta base URL holds a user name or password.');
  if (text.includes('?')) return refuse('The Okta base URL holds a query.');
  if (text.includes('#')) return refuse('The Okta base URL holds a fragment.');
  if (text.includes('\\')) return refuse('The Okta base URL holds a backslash.');
  const authority = text.slice('https://'.length).split('/', 1)[0] ?? '';
  if (text.length > 'https://'.length + authority.length + 1) {
    return refuse('The Okta base URL holds a path.', `${example} Kriver adds /api/v1/… itself.`);
  }
  if (authority.startsWith('[')) return refuse('The Okta base URL is an IP address.');
  if (authority.includes(':')) return refuse('The Okta base URL holds a port.');
  return refuse('The Okta base URL holds characters that no host name has.');
};

/**
 * Validates an Okta base URL; a trailing slash and surrounding blanks are tolerated and dropped. The text is matched
 * against the one form that is allowed, not parsed first: URL parsers forgive (tabs, backslashes, `0x7f.1`, full-width
 * digits), and a forgiven URL is how a token reaches a foreign host. Whether the host resolves to a private address is
 * decided later, when connecting, by the dispatcher.
 */
export const parseBaseUrl = (text: string, rules: BaseUrlRules = {}): BaseUrlOutcome => {
  const trimmed = text.trim();
  const local = loopback.exec(trimmed);
  if (local !== null) {
    const port = Number(local[1]);
    if (rules.allowLoopback !== true) {
      return refuse(
        'The Okta base URL is not https.',
        'A simulated org on this machine needs KRIVER_ALLOW_LOOPBACK=1.',
      );
    }
    if (port < 1 || port > 65_535) return refuse('The Okta base URL has a port that does not exist.');
    return { ok: true, url: new URL(`http://127.0.0.1:${port}`) };
  }
  const match = plainHttps.exec(trimmed);
  if (match === null) return diagnose(trimmed);
  const host = (match[1] ?? '').toLowerCase();
  if (host.includes('youroktadomain')) return diagnose('{yourOktaDomain}');
  // `new URL` rewrites 2130706433, 0x7f.1 and 017700000001 to dotted IPv4, and throws on what is no host at all.
  if (!URL.canParse(`https://${host}`) || isIP(new URL(`https://${host}`).hostname) !== 0) {
    return refuse('The Okta base URL is an IP address.');
  }
  const labels = host.split('.');
  if (host.length > 253 || labels.length < 2 || !labels.every((part) => label.test(part))) {
    return refuse('The host of the Okta base URL is not a full, valid host name.');
  }
  if (host.endsWith('.com.com')) return refuse('The host of the Okta base URL ends in .com.com.');
  if (labels[0]?.endsWith('-admin')) {
    return refuse(
      'The Okta base URL is that of the Admin Console.',
      `Use the org's own host, without -admin: https://${host.replace('-admin.', '.')}`,
    );
  }
  const custom = (rules.customDomains ?? []).some((domain) => domain.trim().toLowerCase() === host);
  if (!custom && !oktaDomains.some((domain) => host.endsWith(`.${domain}`))) {
    return refuse(
      'The host of the Okta base URL is not an Okta domain.',
      `If your org is served under its own domain, say so by setting custom_domain to that host. Okta's domains: ${oktaDomains.join(', ')}.`,
    );
  }
  return { ok: true, url: new URL(`https://${host}`) };
};
