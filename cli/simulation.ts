import { join } from 'node:path';
import { type Clock, createScaledClock, systemClock } from '../runtime/clock.ts';
import { slugs } from '../schemas/slugs.ts';
import {
  createControlServer,
  createDraxisServer,
  createOktaServer,
  createWorld,
  resumeSimulatedTime,
  runSimulatedTime,
} from '../simulator/index.ts';
import type { OktaEngine } from './handlers.ts';

/** Tokens of a simulation are no secrets: they open nothing but a server on this machine. */
export const simulatedOktaToken = 'simulated-okta-token';
export const simulatedDraxisToken = 'drx_pat_simulated.token';

export interface SimulationOptions {
  readonly seed: number;
  readonly speed: number;
  readonly engine: OktaEngine;
  readonly users: number;
  readonly eventsPerDay: number;
  /** The simulated time is kept here, so that the simulation goes on where it was. */
  readonly directory: string;
  /** Of the Okta org; 0 takes any free one. The two others take free ones. */
  readonly port: number;
}

export interface Simulation {
  readonly oktaUrl: string;
  readonly draxisUrl: string;
  /** Where the org is changed and the truth is asked. */
  readonly controlUrl: string;
  /** The org's time. */
  readonly clock: Clock;
  close(): Promise<void>;
}

/** Serves a simulated Okta org, a Draxis tenant and their control on loopback. */
export const startSimulation = async (options: SimulationOptions): Promise<Simulation> => {
  const { seed, engine, users, eventsPerDay } = options;
  // Whatever makes another org is part of the name: a cursor of one org means nothing in another.
  const path = join(options.directory, `simulated-time-${engine}-${seed}-${users}-${eventsPerDay}.json`);
  const time = resumeSimulatedTime(path, seed, systemClock.now());
  const clock = createScaledClock(time.nowMs, options.speed);
  const world = createWorld({ seed, engine, users, eventsPerDay, startMs: time.startMs, clock });
  const okta = createOktaServer({ world, clock, token: simulatedOktaToken });
  const draxis = createDraxisServer({ token: simulatedDraxisToken, knownSlugs: slugs, clock });
  const control = createControlServer({ world, okta });
  const servers = [await okta.listen(options.port), await draxis.listen(), await control.listen()];
  const stop = new AbortController();
  const keeping = runSimulatedTime(path, time, clock, systemClock, stop.signal);
  const [oktaUrl = '', draxisUrl = '', controlUrl = ''] = servers.map(({ url }) => url);
  return {
    oktaUrl,
    draxisUrl,
    controlUrl,
    clock,
    close: async () => {
      stop.abort();
      await keeping;
      for (const server of servers) await server.close();
    },
  };
};
