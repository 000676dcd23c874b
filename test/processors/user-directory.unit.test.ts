import { describe, expect, test } from 'vitest';
import { createUserDirectory } from '../../processors/posture/user-directory.ts';
import { toSampleRank } from '../../schemas/sample.ts';
import { noon } from './events.ts';
import { org } from './given.ts';
import { appLinks, at, factors, sweep, user } from './snapshots.ts';

const directoryOf = (...values: readonly unknown[]) => {
  const users = createUserDirectory(org, []);
  for (const value of values) users.fold(value);
  return users;
};

const push = { factorType: 'push', provider: 'OKTA', status: 'ACTIVE' };
const later = (minutes: number) => sweep('users', { began: at(minutes), completed: at(minutes) });
const idsOf = (users: ReturnType<typeof directoryOf>) => users.directory.withStatus('ACTIVE').map(({ id }) => id);

describe('the user directory', () => {
  test('lists those of a status by their rank in the sample', () => {
    const ids = ['ada', 'bob', 'cyn', 'dan'];
    const users = directoryOf(...ids.map((id) => user(id)), user('eve', 'SUSPENDED'));
    const ranked = [...ids].sort((a, b) => (toSampleRank(org, a) < toSampleRank(org, b) ? -1 : 1));
    expect(idsOf(users)).toEqual(ranked);
    expect(users.directory.withStatus('SUSPENDED').map(({ id }) => id)).toEqual(['eve']);
  });

  test('raises its revision with every record that changes it', () => {
    const users = directoryOf();
    const changing = [user('ada'), factors('ada', []), appLinks('ada', 2), sweep('users'), sweep('factors')];
    let before = users.revision();
    for (const value of changing) {
      users.fold(value);
      expect(users.revision()).toBeGreaterThan(before);
      before = users.revision();
    }
    users.fold(user('ada', 'SUSPENDED', -1));
    expect(users.revision()).toBe(before);
  });

  test('is not disturbed by details of somebody whose status it was never told', () => {
    const users = directoryOf(factors('bob', ['push OKTA ACTIVE']), user('ada', 'ACTIVE', 1), later(1));
    expect(idsOf(users)).toEqual(['ada']);
    users.fold(user('bob', 'ACTIVE', 2));
    expect(users.directory.withStatus('ACTIVE')).toContainEqual({ id: 'bob', factors: [push], links: undefined });
  });
});

test('a directory made of what was saved says the same', () => {
  const users = directoryOf(user('ada'), factors('ada', ['push OKTA ACTIVE']), appLinks('ada', 2), sweep('applinks'));
  const saved = [...users.takeChanges()];
  expect(saved.map(([key]) => key).sort()).toEqual(['factors/ada', 'links/ada', 'status/ada', 'sweep/applinks']);
  const again = createUserDirectory(org, saved);
  expect(again.directory.withStatus('ACTIVE')).toEqual([{ id: 'ada', factors: [push], links: 2 }]);
  expect(again.directory.hasCompleted('applinks')).toBe(true);
  expect([...again.takeChanges()]).toEqual([]);
});

test('a record of an unknown kind changes nothing', () => {
  const users = directoryOf({ kind: 'group', id: 'g' });
  expect([users.revision(), [...users.takeChanges()]]).toEqual([0, []]);
});

describe('a user whom a complete sweep did not see', () => {
  test('is saved as absent at the time of the last observation, once', () => {
    const users = directoryOf(user('ada'), user('bob', 'ACTIVE', 5));
    users.takeChanges();
    users.fold(later(5));
    expect([...users.takeChanges()]).toEqual([
      ['sweep/users', expect.anything()],
      ['status/ada', [noon, 'ABSENT']],
    ]);
    expect(idsOf(users)).toEqual(['bob']);
    users.fold(later(5));
    expect([...users.takeChanges()].map(([key]) => key)).toEqual(['sweep/users']);
  });

  test('is absent too when an older observation of it comes after the sweep', () => {
    const users = directoryOf(later(5), user('ada', 'ACTIVE', 4), user('bob', 'ACTIVE', 5));
    expect(idsOf(users)).toEqual(['bob']);
  });

  test('is there until a sweep of users is complete', () => {
    const users = directoryOf(user('ada'));
    users.fold(sweep('users', { began: at(5), completed: null }));
    users.fold(sweep('factors', { began: at(5), completed: at(5) }));
    expect(idsOf(users)).toEqual(['ada']);
  });
});

test('a deleted user has no factors any more, also in what is saved', () => {
  const users = directoryOf(user('ada'), factors('ada', ['push OKTA ACTIVE']));
  users.takeChanges();
  users.fold(user('ada', 'DELETED', 1));
  expect([...users.takeChanges()]).toEqual([
    ['status/ada', [noon + 60_000, 'DELETED']],
    ['factors/ada', [noon + 60_000, []]],
  ]);
  users.fold(user('ada', 'ACTIVE', 2));
  expect(users.directory.withStatus('ACTIVE')).toEqual([{ id: 'ada', factors: [], links: undefined }]);
  // Nobody else's are touched.
  users.fold(factors('bob', ['push OKTA ACTIVE']));
  users.fold(user('bob', 'ACTIVE', 1));
  expect(users.directory.withStatus('ACTIVE')).toContainEqual({ id: 'bob', factors: [push], links: undefined });
});
