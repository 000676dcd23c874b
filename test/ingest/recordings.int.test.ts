import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factorOwner, ruleOwner } from '../../ingest/recordings/attribution.ts';
import { readEvents } from '../../ingest/recordings/read-events.ts';
import { splitLines } from '../../ingest/recordings/read-lines.ts';
import { keepNewest, readObjects } from '../../ingest/recordings/read-objects.ts';
import {
  toRecordedAppLinks,
  toRecordedFactors,
  toRecordedPolicies,
  toRecordedUsers,
} from '../../ingest/recordings/to-posture.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kriver-recordings-'));
});
afterAll(() => rm(directory, { recursive: true }));

let files = 0;
const write = async (content: string | Buffer): Promise<string> => {
  files += 1;
  const path = join(directory, `file-${files}`);
  await writeFile(path, content);
  return path;
};

const eventsOf = async (path: string): Promise<[number, string][]> => {
  const all: [number, string][] = [];
  for await (const batch of readEvents(path)) for (const { bytes, line } of batch) all.push([line, bytes.toString()]);
  return all;
};

describe('readEvents', () => {
  it.each<[string, string | Buffer]>([
    ['NDJSON', '{"a":1}\n{"b":"ü"}\n'],
    ['NDJSON without a last line end', '{"a":1}\n{"b":"ü"}'],
    ['a byte order mark and CRLF', '\ufeff{"a":1}\r\n{"b":"ü"}\r\n'],
    ['gzip, whatever the name', gzipSync('{"a":1}\n{"b":"ü"}\n')],
    ['a JSON array', '[{"a":1},\n {"b":"ü"}]'],
    ['a JSON array after a byte order mark and blanks, in gzip', gzipSync('\ufeff \n[\n{"a":1},{"b":"ü"}]\n')],
  ])('reads %s', async (_, content) => {
    expect(await eventsOf(await write(content))).toEqual([
      [1, '{"a":1}'],
      [2, '{"b":"ü"}'],
    ]);
  });

  it('skips blank lines and counts them, and leaves what is no JSON to the caller', async () => {
    expect(await eventsOf(await write('\n{"a":1}\n \t\nnonsense\n'))).toEqual([
      [2, '{"a":1}'],
      [4, 'nonsense'],
    ]);
  });

  it('gives nothing for an empty file and an empty array', async () => {
    expect(await eventsOf(await write(''))).toEqual([]);
    expect(await eventsOf(await write('[]'))).toEqual([]);
  });

  it('joins lines that chunks cut, inside a character too', async () => {
    const bytes = Buffer.from('{"a":"ü€"}\n\n{"b":2}\r\nlast');
    for (let size = 1; size < bytes.length; size += 1) {
      const chunks = async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      };
      const lines: [number, string][] = [];
      for await (const batch of splitLines(chunks()))
        for (const { bytes: own, line } of batch) lines.push([line, String(own)]);
      expect(lines).toEqual([
        [1, '{"a":"ü€"}'],
        [3, '{"b":2}'],
        [4, 'last'],
      ]);
    }
  });

  it('holds no more of an endless line than its bound', async () => {
    const chunks = async function* () {
      for (let count = 0; count < 40; count += 1) yield Buffer.alloc(2 ** 20, 'x');
      yield Buffer.from('\n{}\n');
    };
    const sizes: number[] = [];
    for await (const batch of splitLines(chunks())) sizes.push(...batch.map(({ bytes }) => bytes.length));
    expect(sizes).toEqual([16 * 2 ** 20, 2]);
  });

  it.each<[string, () => Promise<string>]>([
    ['a file that is not there', async () => join(directory, 'missing')],
    ['a directory', async () => directory],
    ['an array that is cut', () => write('[{"a":1},{"b"')],
    ['a gzip that is cut', () => write(gzipSync('x'.repeat(100)).subarray(0, 20))],
  ])('says what to do about %s', async (_, path) => {
    await expect(eventsOf(await path())).rejects.toMatchObject({ code: 'data-invalid', hint: expect.any(String) });
  });
});

describe('readObjects', () => {
  it('keeps objects and names what is none', async () => {
    const { objects, unusable } = await readObjects(await write('{"id":"1"}\n[1]\nnull\n{cut\n'));
    expect(objects).toEqual([{ value: { id: '1' }, line: 1 }]);
    expect(unusable.map(({ line, reason }) => [line, reason])).toEqual([
      [2, 'Not a JSON object.'],
      [3, 'Not a JSON object.'],
      [4, 'Not JSON.'],
    ]);
  });
});

describe('keepNewest', () => {
  it('keeps the newest version, of equals the later, and all without an id', () => {
    const versions = [
      { id: 'a', lastUpdated: '2026-01-02T00:00:00.000Z', n: 1 },
      { id: 'a', lastUpdated: '2026-01-01T00:00:00.000Z', n: 2 },
      { id: 'b', lastUpdated: '2026-01-01T00:00:00.000Z', n: 3 },
      { id: 'b', lastUpdated: '2026-01-01T01:00:00.000+01:00', n: 4 },
      { id: 'c', n: 5 },
      { id: 'c', lastUpdated: '1970-01-01T00:00:00.000Z', n: 6 },
      { n: 7 },
      { n: 8 },
    ];
    expect(keepNewest(versions, ({ id }) => id).map(({ n }) => n)).toEqual([1, 4, 6, 7, 8]);
  });
});

const link = (href: string) => ({ href });
const root = 'https://acme.okta.com/api/v1';

describe('attribution', () => {
  it.each([
    ['the user link', { user: link(`${root}/users/u1`), self: link(`${root}/users/u2/factors/f`) }, 'u1'],
    ['the self link', { self: link(`${root}/users/u2/factors/f?x=1`) }, 'u2'],
    ['links in arrays', { user: [link('https://x/'), link(`${root}/users/u3`)] }, 'u3'],
    [
      'a user link that names nobody',
      { user: link('https://example.com'), self: link(`${root}/users/u4/factors/f`) },
      'u4',
    ],
    ['no link', {}, undefined],
    ['other paths', { self: link(`${root}/users/u1/enrollments/f`) }, undefined],
    ['links of another type', { user: 'u1', self: null }, undefined],
  ])('finds the user of a factor by %s', (_, links, owner) => {
    expect(factorOwner({ _links: links })).toBe(owner);
  });

  it('finds the policy of a rule by its self link, and not that of an authorization server', () => {
    expect(ruleOwner({ _links: { self: link(`${root}/policies/p1/rules/r1`) } })).toBe('p1');
    expect(
      ruleOwner({ _links: { self: link(`${root}/authorizationServers/s/policies/p1/rules/r1`) } }),
    ).toBeUndefined();
    expect(ruleOwner({})).toBeUndefined();
  });
});

describe('recorded posture', () => {
  const at = (value: Record<string, unknown>, line: number) => ({ value, line });
  const self = (user: string) => ({ self: link(`${root}/users/${user}/factors/f`) });

  it('takes each user and factor once, and tells whose factors belong to nobody', () => {
    const users = toRecordedUsers(
      [
        at({ id: 'u1', status: 'ACTIVE', lastUpdated: '2026-01-02T00:00:00.000Z' }, 1),
        at({ id: 'u1', status: 'SUSPENDED', lastUpdated: '2026-01-01T00:00:00.000Z' }, 2),
        at({ id: 'u2' }, 3),
      ],
      { observedMs: 0, keepName: false },
    );
    expect(users.users.map(({ id, status }) => [id, status])).toEqual([['u1', 'ACTIVE']]);
    expect(users.leftOut.map(({ line }) => line)).toEqual([3]);
    const factors = toRecordedFactors(
      [
        at({ id: 'f', factorType: 'push', _links: self('u1') }, 1),
        at({ id: 'f', factorType: 'sms', _links: self('u1') }, 2),
        at({ id: 'f', factorType: 'sms', _links: self('stranger') }, 3),
        at({ id: 'f', factorType: 'sms' }, 4),
      ],
      { observedMs: 0, known: new Set(['u1']) },
    );
    expect(factors.factors).toMatchObject([{ id: 'u1', factors: [{ factorType: 'sms' }] }]);
    expect(factors.leftOut.map(({ line }) => line)).toEqual([3, 4]);
  });

  it('groups app links by user and counts an app once', () => {
    const { appLinks, leftOut } = toRecordedAppLinks(
      [at({ id: 'u1', appInstanceId: 'a' }, 1), at({ id: 'u1', appInstanceId: 'a' }, 2), at({ id: 'x' }, 3)],
      { observedMs: 0, known: new Set(['u1']) },
    );
    expect(appLinks).toMatchObject([{ id: 'u1', apps: [{ appInstanceId: 'a' }], links: 2 }]);
    expect(leftOut).toHaveLength(1);
  });

  it('joins app rules to their policies; those of a policy that is not recorded count as of an active one, and are told', () => {
    const rule = (policy: string, type: string) => ({
      id: `r-${policy}`,
      type,
      _links: { self: link(`${root}/policies/${policy}/rules/r-${policy}`) },
    });
    const { policies, rulesLeftOut } = toRecordedPolicies(
      [at({ id: 'p1', type: 'ACCESS_POLICY', status: 'INACTIVE' }, 1), at({ id: 'p2', type: 'PASSWORD' }, 2)],
      [at(rule('p1', 'ACCESS_POLICY'), 1), at(rule('p2', 'PASSWORD'), 2), at(rule('p3', 'ACCESS_POLICY'), 3)],
      { observedMs: 0 },
    );
    expect(policies.map(({ id, status, rules }) => [id, status, rules.length])).toEqual([
      ['p1', 'INACTIVE', 1],
      ['p3', 'ACTIVE', 1],
    ]);
    expect(rulesLeftOut.map(({ line }) => line)).toEqual([3]);
  });
});
