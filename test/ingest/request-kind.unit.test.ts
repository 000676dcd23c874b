import { describe, expect, it } from 'vitest';
import { toBucket, toRequestKind } from '../../ingest/okta/request-kind.ts';

describe('toRequestKind', () => {
  it.each([
    ['/api/v1/logs', 'logs'],
    ['/api/v1/users', 'users'],
    ['/api/v1/users/', 'users'],
    ['/api/v1/users/u1', 'user'],
    ['/api/v1/users/u1/factors', 'factors'],
    ['/api/v1/users/u1/appLinks', 'applinks'],
    ['/api/v1/users/u1/groups', 'other'],
    ['/api/v1/policies', 'policies'],
    ['/api/v1/policies/p1', 'policies'],
    ['/api/v1/policies/p1/rules', 'rules'],
    ['/api/v1/apps/a1/rules', 'other'],
    ['/.well-known/okta-organization', 'organization'],
  ])('takes %s for %s', (path, kind) => {
    expect(toRequestKind(path)).toBe(kind);
  });
});

describe('toBucket', () => {
  it.each([
    ['logs', 'logs'],
    ['users', 'users'],
    ['factors', 'users'],
    ['applinks', 'users'],
    ['user', 'user'],
    ['policies', 'other'],
    ['rules', 'other'],
    ['other', 'other'],
    ['organization', 'organization'],
  ] as const)('draws %s from the bucket %s', (kind, bucket) => {
    expect(toBucket(kind)).toBe(bucket);
  });
});
