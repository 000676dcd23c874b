import { type Clock, createVirtualClock } from '../../runtime/clock.ts';
import { type Slug, slugs } from '../../schemas/slugs.ts';
import {
  createControlServer,
  createDraxisServer,
  createOktaServer,
  createWorld,
  type DraxisFault,
  type FaultScript,
  type TruthTable,
  truthAt,
} from '../../simulator/index.ts';
import type { OktaServerOptions } from '../../simulator/okta/server.ts';
import type { WorldSettings } from '../../simulator/world/options.ts';

/** A Tuesday noon, on a whole minute: responses carry the whole second, so the newest T is this very moment. */
export const startMs = Date.parse('2026-11-24T12:00:00.000Z');
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;

/** Found nowhere but in tests, so that an output that holds it has leaked it. */
export const oktaToken = '00canaryOktaTokenThatNoOutputMayHold0000001';
export const draxisToken = 'drx_pat_canary.draxisTokenThatNoOutputMayHold1';

/** Nothing happens in this org but everyday sign-ins, all on time. */
export const quietRates = {
  travellersPerDay: 0,
  pushAttacksPerDay: 0,
  pushLookAlikesPerDay: 0,
  adminSessionsPerDay: 0,
  changesPerDay: 0,
};

export type OrgOptions = Partial<Omit<WorldSettings, 'clock'>> & {
  clock?: Clock;
  /** Calls a minute by Okta's buckets. None to speak of without: still time gives no rate limit back. */
  rateLimits?: OktaServerOptions['rateLimits'];
  okta?: FaultScript;
  draxis?: (method: string, ordinal: number) => DraxisFault | undefined;
};

/** An Okta org, its Draxis tenant and their control, served on loopback at a time that only the test moves. */
export const openOrg = async (options: OrgOptions = {}) => {
  const { clock: given, okta: oktaFaults, draxis: draxisFaults, rateLimits, ...settings } = options;
  const virtual = createVirtualClock(startMs);
  const clock = given ?? virtual;
  const world = createWorld({ seed: 1, users: 80, eventsPerDay: 1500, startMs, ...settings, clock });
  const okta = createOktaServer({
    world,
    clock,
    token: oktaToken,
    rateLimits: { logs: 1e6, users: 1e6, user: 1e6, rest: 1e6, ...rateLimits },
    ...(oktaFaults === undefined ? {} : { faults: oktaFaults }),
  });
  const draxis = createDraxisServer({
    token: draxisToken,
    knownSlugs: slugs,
    clock,
    ...(draxisFaults === undefined ? {} : { faults: draxisFaults }),
  });
  const control = createControlServer({ world, okta });
  const [oktaSide, draxisSide, controlSide] = [await okta.listen(), await draxis.listen(), await control.listen()];
  return {
    clock: virtual,
    world,
    okta,
    draxis,
    environment: {
      KRIVER_ORG: 'acme',
      KRIVER_OKTA_BASE_URL: oktaSide.url,
      KRIVER_OKTA_TOKEN: oktaToken,
      KRIVER_DRAXIS_URL: draxisSide.url,
      KRIVER_DRAXIS_TOKEN: draxisToken,
      KRIVER_ALLOW_LOOPBACK: '1',
    },
    /** Changes the org through the control API; throws when it refuses. */
    change: async (path: string, body: unknown): Promise<void> => {
      const response = await fetch(`${controlSide.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    },
    truthAt: (atMs: number, options = {}): TruthTable => truthAt(world, atMs, options),
    /** When requests of a route came, in the order of arrival. */
    requestTimes: (pattern: string): readonly number[] =>
      okta.requests().recent.flatMap((request) => (request.pattern === pattern ? [request.atMs] : [])),
    requests: (pattern: string): number => okta.requests().counts[pattern] ?? 0,
    close: async (): Promise<void> => {
      for (const side of [oktaSide, draxisSide, controlSide]) await side.close();
    },
  };
};

export type Org = Awaited<ReturnType<typeof openOrg>>;

/** What the org's log has served by now, each event once. */
export const servedEvents = ({ world }: Org): ReadonlySet<string> => {
  const served = world.persistedAfter({ ms: 0, n: 0 }, world.options.clock.now(), Number.POSITIVE_INFINITY);
  return new Set(served.map(({ event }) => `${event.publishedMs}|${event.uuid}`));
};

/** Every T that Draxis was given of a KRI, in the order of arrival, from its n-th push of all on. */
export const pushedTimes = ({ draxis }: Org, slug: Slug, from: number): readonly number[] =>
  draxis
    .pushes()
    .slice(from)
    .flatMap((push) => (push.slug === slug ? [push.timestampMs] : []));
