import type { App } from '../world/apps.ts';
import { type Factor, factorKinds } from '../world/factors.ts';
import type { Person } from '../world/people.ts';
import type { UserState } from '../world/posture.ts';
import { createRandom, toHex, toOktaId } from '../world/random.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const link = (href: string, ...allow: string[]) => ({ href, hints: { allow } });

export const toUserBody = (origin: string, user: UserState) => {
  const { person } = user;
  const self = `${origin}/api/v1/users/${person.id}`;
  const changed = iso(user.statusChangedMs);
  return {
    id: person.id,
    status: user.status,
    created: iso(person.createdMs),
    activated: user.status === 'STAGED' ? null : iso(person.createdMs),
    statusChanged: changed,
    lastLogin: user.status === 'STAGED' || user.status === 'PROVISIONED' ? null : changed,
    lastUpdated: iso(user.updatedMs),
    passwordChanged: iso(person.createdMs),
    type: { id: 'oty0simulated0000001' },
    profile: {
      firstName: person.firstName,
      lastName: person.lastName,
      mobilePhone: person.phoneNumber,
      secondEmail: null,
      login: person.login,
      email: person.login,
    },
    credentials: {
      password: {},
      emails: [{ value: person.login, status: 'VERIFIED', type: 'PRIMARY' }],
      provider: { type: 'OKTA', name: 'OKTA' },
    },
    _links: {
      suspend: { href: `${self}/lifecycle/suspend`, method: 'POST' },
      resetPassword: { href: `${self}/lifecycle/reset_password`, method: 'POST' },
      self: { href: self },
      deactivate: { href: `${self}/lifecycle/deactivate`, method: 'POST' },
    },
  };
};

const toKey = (id: string, jwkType: string) => {
  const random = createRandom(id, jwkType);
  return { kty: 'EC', use: 'sig', kid: 'default', jwkType, x: toHex(random, 43), y: toHex(random, 43), crv: 'P-256' };
};

const toProfile = (person: Person, factor: Factor): Record<string, unknown> => {
  const device = {
    credentialId: person.login,
    deviceType: 'SmartPhone_IPhone',
    name: factor.device,
    platform: 'IOS',
    version: '18.5',
  };
  switch (factor.kind) {
    case 'push':
      return device;
    case 'fastpass':
      return { ...device, keys: [toKey(factor.id, 'proofOfPossession'), toKey(factor.id, 'userVerification')] };
    case 'totp':
    case 'google':
    case 'duo':
    case 'yubikeyOtp':
      return { credentialId: person.login };
    case 'webauthn':
      return { credentialId: toHex(createRandom(factor.id), 86), authenticatorName: 'Passkey' };
    case 'u2f':
      return { credentialId: toHex(createRandom(factor.id), 86), version: 'U2F_V2' };
    case 'sms':
    case 'call':
      return { phoneNumber: person.phoneNumber };
    case 'email':
      return { email: person.login };
    case 'question':
      return { question: 'favorite_art_piece', questionText: 'What is your favorite piece of art?' };
  }
};

export const toFactorBody = (origin: string, person: Person, factor: Factor) => {
  const kind = factorKinds[factor.kind];
  const user = `${origin}/api/v1/users/${person.id}`;
  const self = `${user}/factors/${factor.id}`;
  const resend = { name: factor.kind, ...link(`${self}/resend`, 'POST') };
  const phone = factor.kind === 'sms' || factor.kind === 'call';
  return {
    id: factor.id,
    factorType: kind.factorType,
    provider: kind.provider,
    vendorName: kind.provider,
    status: factor.status,
    created: iso(factor.createdMs),
    lastUpdated: iso(factor.createdMs),
    profile: toProfile(person, factor),
    _links: {
      self: link(self, 'GET', 'DELETE'),
      ...(factor.kind === 'fastpass' ? {} : { verify: link(`${self}/verify`, 'POST') }),
      // Okta sends an object or a list here, from one factor to the next.
      ...(phone ? { resend: person.index % 2 === 0 ? [resend] : resend } : {}),
      user: link(user, 'GET'),
    },
  };
};

/** One app gives several links where it shows several tiles. `id` is the user's. */
export const toAppLinkBodies = (origin: string, user: UserState, apps: readonly App[]) =>
  apps
    .filter((app) => user.apps.includes(app.instanceId))
    .flatMap((app) => app.links.map((label, place) => ({ app, label, place })))
    .map(({ app, label, place }, sortOrder) => ({
      id: user.person.id,
      label,
      linkUrl: `${origin}/home/${app.name}/${app.instanceId}/${50 + place}`,
      logoUrl: `${origin}/img/logos/${app.name}.png`,
      appName: app.name,
      appInstanceId: app.instanceId,
      appAssignmentId: toOktaId(createRandom(user.person.id, app.instanceId), '0ua'),
      credentialsSetup: false,
      hidden: false,
      sortOrder,
    }));
