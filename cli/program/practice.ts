import type { Command } from 'commander';
import { parseCount, parsePort, parsePositive, parseWhole } from './arguments.ts';
import { engineOption, runs, type Wiring, withExamples } from './command.ts';

/** The commands that need no Okta: a simulated org, alone or with everything on top of it. */
export const declarePractice = (program: Command, wiring: Wiring): void => {
  withExamples(
    program
      .command('simulate')
      .summary('serve a simulated Okta org and Draxis endpoint')
      .description(
        'Serves an Okta org that behaves like a real one (pages, rate limits, late events) and a Draxis endpoint, on 127.0.0.1.',
      )
      .option('--port <port>', 'the port; 0 takes any free one', parsePort, 8090)
      .option('--speed <factor>', 'how much faster than real its time passes', parsePositive, 1)
      .option('--seed <number>', 'the same seed gives the same org', parseWhole, 1)
      .addOption(engineOption().default('idx'))
      .option('--users <count>', 'how many people the org has', parseCount, 2000)
      .option('--events-per-day <count>', 'how many events a day it logs', parseCount, 50_000)
      .option('--state-dir <directory>', 'keep its state here, so that it goes on where it was')
      .action(runs(wiring, 'simulate', (options) => options)),
    'kriver simulate --port 8090 --speed 60',
  );

  withExamples(
    program
      .command('demo')
      .summary('everything on a simulated org, in this terminal')
      .description('Starts a simulated org, runs Kriver on it and shows the KRIs live. `npm start` is this command.')
      .option('--once', 'catch up, print one report and exit')
      .option('--speed <factor>', 'how much faster than real time passes', parsePositive, 60)
      .option('--seed <number>', 'the same seed gives the same org', parseWhole, 1)
      .addOption(engineOption().default('idx'))
      .action(runs(wiring, 'demo', (options) => options)),
    'kriver demo --speed 60',
    'npm start -- --once',
  );
};
