import { describe, expect, it } from 'vitest';
import { privateAddressCode } from '../../ingest/okta/dispatcher.ts';
import {
  isLasting,
  networkCode,
  oktaFailure,
  plainText,
  toBodyError,
  toForeignLinkError,
  toNetworkError,
  toStatusError,
} from '../../ingest/okta/okta-error.ts';
import { AppError } from '../../runtime/errors.ts';

const call = { method: 'GET', path: '/api/v1/users' };

/** The error for an answer with this status, and with Okta's envelope when `errorCode` is given. */
const answered = (
  status: number,
  errorCode?: string,
  rest: { summary?: string; challenge?: string; requestId?: string } = {},
): AppError =>
  toStatusError({
    ...call,
    status,
    json: errorCode === undefined ? undefined : { errorCode, errorSummary: rest.summary },
    challenge: rest.challenge,
    requestId: rest.requestId,
  });

describe('toStatusError', () => {
  it.each([
    [302, undefined, 'okta-response-invalid', 'captive portal'],
    [399, undefined, 'okta-response-invalid', 'captive portal'],
    [400, 'E0000001', 'okta-request-invalid', 'request id'],
    [401, 'E0000011', 'okta-unauthorised', 'Mint a new token'],
    [401, undefined, 'okta-unauthorised', 'Mint a new token'],
    [401, 'E0000015', 'okta-forbidden', 'not enabled in the org'],
    [403, 'E0000006', 'okta-forbidden', 'Read-Only Administrator'],
    [403, 'E0000015', 'okta-forbidden', 'not enabled in the org'],
    [404, 'E0000007', 'okta-not-found', 'base URL'],
    [410, 'E0000001', 'okta-request-invalid', 'request id'],
    [429, 'E0000047', 'okta-rate-limited', 'rate_share'],
    [499, undefined, 'okta-request-invalid', 'request id'],
    [500, 'E0000009', 'okta-unavailable', 'status.okta.com'],
    [503, undefined, 'okta-unavailable', 'status.okta.com'],
  ])('%s with %s is %s, and hints at: %s', (status, errorCode, code, hint) => {
    expect(answered(status, errorCode)).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });

  it("names the call, the status, Okta's code and summary and the request id", () => {
    const error = answered(403, 'E0000006', { summary: 'No permission', requestId: 'req-7' });
    expect(error.message).toBe('GET /api/v1/users: 403 E0000006: No permission (request req-7)');
    expect(error.cause).toEqual({ status: 403, errorCode: 'E0000006', requestId: 'req-7' });
  });

  it('says so when Okta gave no summary, and names no request without an id', () => {
    const error = answered(403, 'E0000006');
    expect(error.message).toBe('GET /api/v1/users: 403 E0000006: no summary');
    expect(Object.keys(error.cause as object)).toEqual(['status', 'errorCode']);
  });

  it('tells the challenge of an answer without envelope, or that there is neither', () => {
    expect(answered(401, undefined, { challenge: 'DPoP error="use_dpop_nonce"' }).message).toBe(
      'GET /api/v1/users: 401 DPoP error="use_dpop_nonce"',
    );
    const bare = answered(401);
    expect(bare.message).toBe('GET /api/v1/users: 401 no error envelope');
    expect(Object.keys(bare.cause as object)).toEqual(['status']);
  });

  it('takes no long or many-lined text of Okta as it is', () => {
    expect(oktaFailure(answered(400, `E${'0'.repeat(400)}`))?.errorCode).toBe(`E${'0'.repeat(19)}`);
    expect(answered(400, 'E1', { summary: 'a\nb', requestId: 'r\r\n1' }).message).toBe(
      'GET /api/v1/users: 400 E1: a b (request r 1)',
    );
  });
});

describe('plainText', () => {
  it('makes one blank of control characters and line ends, and none at the ends', () => {
    expect(plainText(' \u0007a\u0000\r\n\u2028b\u2029 ')).toBe('a b');
  });

  it('cuts what is longer than 300 characters, and says so', () => {
    expect(plainText('x'.repeat(300))).toBe('x'.repeat(300));
    expect(plainText('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`);
  });

  it('reads only the beginning of a huge text', () => {
    expect(plainText(`a${'\n'.repeat(1_199)}b`)).toBe('a');
  });
});

describe('toBodyError', () => {
  it('names the call, the problem and the request', () => {
    const error = toBodyError(call, 'the answer is cut', 'req-1');
    expect(error).toMatchObject({
      code: 'okta-response-invalid',
      message: 'GET /api/v1/users: the answer is cut',
      hint: expect.stringContaining('captive portal'),
      cause: { requestId: 'req-1' },
    });
    expect(Object.keys(oktaFailure(toBodyError(call, 'cut')) ?? { none: 1 })).toEqual([]);
  });
});

describe('toNetworkError', () => {
  it.each([
    [privateAddressCode, true, 'private address'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', true, 'ca_file'],
    ['SELF_SIGNED_CERT_IN_CHAIN', true, 'ca_file'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', true, 'ca_file'],
    ['CERT_HAS_EXPIRED', true, 'ca_file'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', true, 'ca_file'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', true, 'ca_file'],
    ['ENOTFOUND', false, 'does not resolve'],
    ['EAI_AGAIN', false, 'does not resolve'],
    ['ECONNREFUSED', false, 'cannot be reached'],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'cannot be reached'],
  ])('%s lasts: %s, and hints at: %s', (network, lasting, hint) => {
    expect(isLasting(network)).toBe(lasting);
    expect(toNetworkError(call, network)).toMatchObject({
      code: 'okta-unreachable',
      message: `GET /api/v1/users: no answer (${network})`,
      hint: expect.stringContaining(hint),
      cause: { network },
    });
  });
});

describe('networkCode', () => {
  const coded = (code: unknown, cause?: unknown): Error => Object.assign(new Error('secret', { cause }), { code });

  it('is the first code along the causes', () => {
    expect(networkCode(coded('ECONNRESET', coded('EPIPE')))).toBe('ECONNRESET');
    expect(networkCode(new TypeError('fetch failed', { cause: coded('ENOTFOUND') }))).toBe('ENOTFOUND');
  });

  it.each(['SSWS 00canary', 'xECONNRESET', 'ECONNRESETx', 'AB', 'E'.repeat(61), undefined, 1_234])(
    'is the name of the error where its code is %s, which is none',
    (code) => {
      expect(networkCode(coded(code))).toBe('Error');
    },
  );

  it('looks four errors deep and no further, so that a circle of causes ends', () => {
    const third = coded(undefined, coded('DEEP'));
    const deep = new Error('1', { cause: new Error('2', { cause: third }) });
    expect(networkCode(deep)).toBe('DEEP');
    expect(networkCode(new RangeError('0', { cause: deep }))).toBe('RangeError');
    const circle = new Error('circle');
    circle.cause = circle;
    expect(networkCode(circle)).toBe('Error');
  });

  it('is "unknown" for what is no error', () => {
    expect(networkCode('SSWS 00canary')).toBe('unknown');
  });
});

describe('toForeignLinkError', () => {
  it('names both ends, shortens the target, and tells the way out', () => {
    const error = toForeignLinkError(`https://evil.example/${'x'.repeat(200)}`, 'https://acme.okta.com');
    expect(error.code).toBe('okta-link-foreign');
    expect(error.message).toContain('away from https://acme.okta.com: https://evil.example/xxx');
    expect(error.message).not.toContain('x'.repeat(120));
    expect(error.hint).toContain('custom domain');
    expect(oktaFailure(error)).toEqual({});
  });
});

describe('oktaFailure', () => {
  it('is the cause of an error of the client, and of nothing else', () => {
    expect(oktaFailure(answered(404))).toEqual({ status: 404 });
    const cause = { status: 400 };
    expect(oktaFailure(new AppError('draxis-refused', 'No', { hint: '', cause }))).toBeUndefined();
    expect(oktaFailure(Object.assign(new Error('No', { cause }), { code: 'okta-not-found' }))).toBeUndefined();
    expect(oktaFailure(undefined)).toBeUndefined();
  });
});
