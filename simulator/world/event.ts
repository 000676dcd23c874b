import { carriesText, type Evaluated, toBehaviorId, toJavaMap } from './behaviors.ts';
import type { Label } from './labels.ts';
import type { Rates } from './options.ts';
import type { Person } from './people.ts';
import { type Agent, type Place, toGeographicalContext } from './places.ts';
import { createRandom, type Random, toHex, toTimedUuid } from './random.ts';

/** Who did it from where, in which session: what the events of one story share. */
export interface Scene {
  seed: number | string;
  engine: 'idx' | 'v1';
  /** undefined: Okta itself, in a job without client. */
  person: Person | undefined;
  place: Place;
  address: string;
  agent: Agent;
  sessionId: string | null;
  rootSessionId?: string;
  transactionId: string;
  authnRequestId?: string;
  behaviors?: Evaluated;
}

export interface Target {
  id: string;
  type: string;
  alternateId: string | null;
  displayName: string | null;
  detailEntry: Record<string, unknown> | null;
}

export interface Draft {
  eventType: string;
  legacyEventType: string | null;
  displayMessage: string;
  severity?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  outcome: { result: string; reason: string | null } | null;
  target: readonly Target[] | null;
  requestUri?: string;
  debugData?: Readonly<Record<string, string>>;
  credentialType?: string;
  /** False where the event belongs to a story with behaviours but carries none. */
  behaviors?: boolean;
}

/** An event that will be persisted, before its bytes are made. */
export interface PlannedEvent {
  uuid: string;
  eventType: string;
  publishedMs: number;
  persistedMs: number;
  /** When the log serves it a second time, if it does. */
  repeatedMs: number | undefined;
  labels: readonly Label[];
  /** The event's bytes; the same at every call. */
  json(): string;
}

export const userTarget = (person: Person, type = 'User'): Target => ({
  id: person.id,
  type,
  alternateId: person.login,
  displayName: person.displayName,
  detailEntry: null,
});

const systemActor = {
  id: '00usystem00000000000',
  type: 'SystemPrincipal',
  alternateId: 'system@okta.com',
  displayName: 'Okta System',
  detailEntry: null,
};

const toActor = (person: Person | undefined) => (person === undefined ? systemActor : userTarget(person));

/** What Okta knows of a proxy or VPN in between: JSON in a text, and the reason why some events are over 3 KB. */
const toTunnels = (random: Random): string =>
  JSON.stringify(
    Array.from({ length: 5 + random.below(4) }, () => ({
      anonymous: false,
      operator: random.pick(['NORD_VPN', 'APPLE_ICLOUD_RELAY_PROXY', 'CLOUDFLARE_WARP', 'ZSCALER_PROXY']),
      type: random.pick(['VPN', 'PROXY']),
      entry: `198.18.${random.below(256)}.${random.below(256)}`,
      asn: 13_335 + random.below(50_000),
      confidence: random.next().toFixed(6),
    })),
  );

const toDebugData = (scene: Scene, draft: Draft, random: Random): Record<string, string> => {
  if (scene.person === undefined) return draft.debugData ?? {};
  const uri = draft.requestUri ?? '/api/v1/authn';
  const evaluated = draft.behaviors === false ? undefined : scene.behaviors;
  const level = random.pick(['LOW', 'LOW', 'LOW', 'MEDIUM', 'HIGH']);
  const risk = level === 'LOW' ? '{level=LOW}' : `{reasons=Anomalous Location, Anomalous Device, level=${level}}`;
  const logOnly = evaluated?.encoding === 'logOnly' || evaluated?.encoding === 'all';
  return {
    requestId: scene.transactionId,
    requestUri: uri,
    url: `${uri}?`,
    threatSuspected: 'false',
    ...(evaluated === undefined ? {} : { deviceFingerprint: scene.person.fingerprint }),
    ...(random.chance(0.3) ? { dtHash: toHex(random, 64), origin: 'https://acme.okta.com' } : {}),
    ...(random.chance(0.08) ? { tunnels: toTunnels(random) } : {}),
    ...(scene.authnRequestId === undefined ? {} : { authnRequestId: scene.authnRequestId }),
    ...(evaluated === undefined ? {} : { risk }),
    ...(evaluated !== undefined && carriesText(evaluated) ? { behaviors: toJavaMap(evaluated.results) } : {}),
    ...(evaluated !== undefined && logOnly
      ? { logOnlySecurityData: JSON.stringify({ risk: { level }, behaviors: Object.fromEntries(evaluated.results) }) }
      : {}),
    ...draft.debugData,
  };
};

const toSecurityContext = (scene: Scene, draft: Draft) => {
  const known = scene.person !== undefined && scene.engine === 'idx';
  const network = known
    ? {
        asNumber: scene.place.asNumber,
        asOrg: scene.place.asOrg,
        isp: scene.place.asOrg,
        domain: scene.place.domain,
        isProxy: false,
      }
    : { asNumber: null, asOrg: null, isp: null, domain: null, isProxy: null };
  const evaluated = draft.behaviors === false ? undefined : scene.behaviors;
  if (evaluated?.encoding !== 'userBehaviors' && evaluated?.encoding !== 'all') return network;
  return {
    ...network,
    userBehaviors: evaluated.results.map(([name, result]) => ({ id: toBehaviorId(scene.seed, name), name, result })),
  };
};

/** Identity Engine tells of the device where a person used Okta Verify on it. */
const toDevice = (scene: Scene) =>
  scene.person === undefined || scene.agent.device === 'Unknown' || scene.person.index % 6 !== 0
    ? null
    : {
        id: scene.person.deviceId,
        name: `Laptop of ${scene.person.firstName}`,
        os_platform: scene.agent.os === 'Mac OS X' ? 'OSX' : 'WINDOWS',
        os_version: '14.6.0',
        managed: scene.person.index % 2 === 0,
        registered: true,
        device_integrator: null,
        disk_encryption_type: 'ALL_INTERNAL_VOLUMES',
        screen_lock_type: 'BIOMETRIC',
        jailbreak: null,
        secure_hardware_present: true,
      };

const toBody = (scene: Scene, draft: Draft, uuid: string, publishedMs: number) => {
  const random = createRandom(scene.seed, uuid);
  // For two in five people Okta cannot tell where their network is.
  const unlocated = scene.person !== undefined && scene.person.index % 5 > 2 && scene.place === scene.person.home;
  const geographicalContext = unlocated ? null : toGeographicalContext(scene.place);
  const job = scene.person === undefined;
  return {
    actor: toActor(scene.person),
    client: job
      ? { userAgent: null, zone: null, device: null, id: null, ipAddress: null, geographicalContext: null }
      : {
          userAgent: { rawUserAgent: scene.agent.rawUserAgent, os: scene.agent.os, browser: scene.agent.browser },
          zone: 'null',
          device: scene.agent.device,
          id: null,
          ipAddress: scene.address,
          geographicalContext,
        },
    ...(scene.engine === 'idx' ? { device: toDevice(scene) } : {}),
    authenticationContext: {
      authenticationProvider: draft.credentialType === undefined ? null : 'FACTOR_PROVIDER',
      credentialProvider: draft.credentialType === undefined ? null : 'OKTA_CREDENTIAL_PROVIDER',
      credentialType: draft.credentialType ?? null,
      issuer: null,
      interface: null,
      authenticationStep: 0,
      ...(scene.engine === 'idx' && scene.sessionId !== null
        ? { rootSessionId: scene.rootSessionId ?? scene.sessionId }
        : {}),
      externalSessionId: scene.sessionId,
    },
    displayMessage: draft.displayMessage,
    eventType: draft.eventType,
    outcome: draft.outcome,
    published: new Date(publishedMs).toISOString(),
    securityContext: toSecurityContext(scene, draft),
    severity: draft.severity ?? 'INFO',
    debugContext: { debugData: toDebugData(scene, draft, random) },
    legacyEventType: draft.legacyEventType,
    transaction: { type: job ? 'JOB' : 'WEB', id: scene.transactionId, detail: {} },
    uuid,
    version: '0',
    request: { ipChain: job ? [] : [{ ip: scene.address, geographicalContext, version: 'V4', source: null }] },
    target: draft.target,
  };
};

/** How long after an event happened it becomes visible: mostly a second or two, rarely up to an hour. */
const toDelayMs = (random: Random, rates: Rates): number => {
  const dice = random.next();
  if (dice < rates.lateHourShare) return Math.floor(random.between(10, 60) * 60_000);
  if (dice < rates.lateHourShare + rates.lateMinutesShare) return Math.floor(random.between(1, 10) * 60_000);
  if (dice < rates.lateHourShare + rates.lateMinutesShare + rates.lateSecondsShare) return 5000 + random.below(55_000);
  return 150 + random.below(2500);
};

/** The longest time between an event and the last time it is served: an hour late, and two hours on served again. */
export const longestDelayMs = 3 * 3_600_000;

/** Plans one event. Draws from `random`, so the order of calls in a story is part of what the seed means. */
export const planEvent = (
  random: Random,
  rates: Rates,
  scene: Scene,
  publishedMs: number,
  draft: Draft,
  labels: readonly Label[] = [],
  prompt = false,
): PlannedEvent => {
  const uuid = toTimedUuid(random, publishedMs);
  const delayMs = toDelayMs(random, rates);
  const persistedMs = publishedMs + (prompt ? 150 + (delayMs % 2500) : delayMs);
  const repeatedMs = random.chance(rates.repeatedShare)
    ? persistedMs + Math.floor(10_000 * 720 ** random.next())
    : undefined;
  return {
    uuid,
    eventType: draft.eventType,
    publishedMs,
    persistedMs,
    repeatedMs,
    labels,
    json: () => JSON.stringify(toBody(scene, draft, uuid, publishedMs)),
  };
};
