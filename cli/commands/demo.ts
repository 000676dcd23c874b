import { join, resolve } from 'node:path';
import { exitCodes } from '../../runtime/errors.ts';
import { requireConfig } from '../config/load.ts';
import { type Context, loggerOf, untilInterrupted } from '../context.ts';
import { openEmbedded } from '../embedded.ts';
import type { DemoOptions, Handlers } from '../handlers.ts';
import { runLive } from '../run-live.ts';
import { simulatedDraxisToken, simulatedOktaToken, startSimulation } from '../simulation.ts';
import { runOnce } from './once.ts';

const demoOrg = 'demo';
const demoUsers = 400;
const demoEventsPerDay = 20_000;
/** More often than a real org is swept, so that posture moves too while one looks. */
const demoSweepMinutes = 15;

/** Everything on a simulated org: real HTTP, the real pipeline, and time that runs faster than the wall's. */
export const createDemoCommand =
  (context: Context): Handlers['demo'] =>
  async (options: DemoOptions) => {
    const directory = resolve(context.workingDirectory, options.dataDir ?? '.kriver-demo');
    const interrupted = untilInterrupted();
    const { seed, speed, engine } = options;
    const simulation = await startSimulation({
      seed,
      speed,
      engine,
      users: demoUsers,
      eventsPerDay: demoEventsPerDay,
      directory,
      port: 0,
    });
    const configured = requireConfig({
      dataDirectory: join(directory, `${engine}-${seed}`),
      environment: {
        KRIVER_ORG: demoOrg,
        KRIVER_OKTA_BASE_URL: simulation.oktaUrl,
        KRIVER_OKTA_TOKEN: simulatedOktaToken,
        KRIVER_DRAXIS_URL: simulation.draxisUrl,
        KRIVER_DRAXIS_TOKEN: simulatedDraxisToken,
        KRIVER_ALLOW_LOOPBACK: '1',
      },
      workingDirectory: directory,
    });
    const config = {
      ...configured,
      orgs: configured.orgs.map((org) => ({ ...org, ingest: { ...org.ingest, sweep_minutes: demoSweepMinutes } })),
    };
    const logger = loggerOf('warn', context);
    const parts = await openEmbedded(config, simulation.clock, logger);
    try {
      if (options.once) {
        const { texts, code } = await runOnce(parts, interrupted.signal);
        context.out.write(`${texts.join('\n\n')}\n`);
        return interrupted.signal.aborted ? exitCodes.tryLater : code;
      }
      const messages = [
        `Simulated Okta ${simulation.oktaUrl}, Draxis ${simulation.draxisUrl}; time runs ${speed} times as fast. Ctrl-C stops.`,
      ];
      await runLive({ parts, context, signal: interrupted.signal, messages: () => messages });
      return exitCodes.ok;
    } finally {
      await parts.close();
      await simulation.close();
      interrupted.release();
    }
  };
