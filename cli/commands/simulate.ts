import { join, resolve } from 'node:path';
import { exitCodes } from '../../runtime/errors.ts';
import { type Context, untilInterrupted } from '../context.ts';
import type { Handlers } from '../handlers.ts';
import { simulatedDraxisToken, simulatedOktaToken, startSimulation } from '../simulation.ts';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });

/** Serves a simulated org until it is interrupted, and prints the environment that points Kriver at it. */
export const createSimulateCommand =
  (context: Context): Handlers['simulate'] =>
  async (options) => {
    const directory = resolve(context.workingDirectory, options.stateDir ?? join('.kriver-demo', 'simulation'));
    const interrupted = untilInterrupted();
    const simulation = await startSimulation({ ...options, directory });
    context.out.write(
      [
        `export KRIVER_OKTA_BASE_URL=${simulation.oktaUrl}`,
        `export KRIVER_OKTA_TOKEN=${simulatedOktaToken}`,
        `export KRIVER_DRAXIS_URL=${simulation.draxisUrl}`,
        `export KRIVER_DRAXIS_TOKEN=${simulatedDraxisToken}`,
        'export KRIVER_ALLOW_LOOPBACK=1',
        `# Change the org and ask for the truth: ${simulation.controlUrl}`,
        '',
      ].join('\n'),
    );
    await aborted(interrupted.signal);
    await simulation.close();
    interrupted.release();
    return exitCodes.ok;
  };
