import type { Command } from 'commander';
import { slugs } from '../../schemas/slugs.ts';
import { collectStages, parseMoment } from './arguments.ts';
import { jsonOption, orgOption, runs, type Wiring, withExamples } from './command.ts';

/** The commands of daily work: does it connect, run it, what do the KRIs say and why. */
export const declareOperation = (program: Command, wiring: Wiring): void => {
  withExamples(
    program
      .command('test')
      .summary('check that each org can be reached and its token is accepted')
      .description('Asks each org for one user (GET /api/v1/users?limit=1). Exit code 0 when every org answered.')
      .addOption(orgOption())
      .addOption(jsonOption())
      .action(runs(wiring, 'test', (options) => options)),
    'kriver test --org acme',
  );

  withExamples(
    program
      .command('run')
      .summary('keep all KRIs current until stopped')
      .description(
        'Reads the orgs continuously, stores and pushes readings, and serves the dashboard. Ctrl-C stops it cleanly.',
      )
      .option(
        '--stage <stages>',
        'with bus.kind kafka: only these of ingest, processors, sinks, with commas between; may be repeated; default: all',
        collectStages,
      )
      .action(runs(wiring, 'run', ({ stage, ...options }) => ({ ...options, stages: stage }))),
    'kriver run',
    'kriver run --stage ingest,processors',
    'KRIVER_OKTA_BASE_URL=https://acme.okta.com KRIVER_OKTA_TOKEN=... kriver run',
  );

  withExamples(
    program
      .command('once')
      .summary('catch up, report, push and exit: for schedulers')
      .description(
        'Catches up with the System Log, completes the sweep of the sample, prints and pushes the newest final readings, records the run.',
      )
      .addOption(orgOption())
      .addOption(jsonOption('print one JSON document per org'))
      .action(runs(wiring, 'once', (options) => options)),
    'kriver once --json > readings.json',
  );

  withExamples(
    program
      .command('kris')
      .summary('show the current value of each KRI')
      .description(
        'Shows the newest reading of each KRI: value, the other definition where it differs, level, coverage, age.',
      )
      .addOption(orgOption())
      .addOption(jsonOption('print one JSON document per org'))
      .action(runs(wiring, 'kris', (options) => options)),
    'kriver kris --org acme --json',
  );

  withExamples(
    program
      .command('why')
      .summary('list the people, events or rules behind a KRI')
      .description('Recomputes the evidence of a reading from what is stored, and lists what to act on.')
      .argument('<slug>', `the KRI: ${slugs.join(', ')}`)
      .option('--at <time>', 'the minute of the reading, UTC; default: the newest', parseMoment)
      .addOption(orgOption())
      .addOption(jsonOption())
      .action(runs(wiring, 'why', ({ at, ...options }, [slug]) => ({ ...options, slug, atMs: at }))),
    'kriver why okta_failed_mfa_push_24h',
    'kriver why okta_app_policy_exceptions --at 2026-03-01T12:00:00Z --json',
  );

  withExamples(
    program
      .command('runs')
      .summary('list push cycles, sweeps, single passes and replays')
      .description('Lists what Kriver did and when: rows written and skipped, what was fetched, errors.')
      .addOption(orgOption())
      .addOption(jsonOption('print one JSON document per run and line'))
      .action(runs(wiring, 'runs', (options) => options)),
    'kriver runs --org acme',
  );
};
