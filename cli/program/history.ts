import { type Command, Option } from 'commander';
import { definitions } from '../../schemas/reading.ts';
import { collectMoment, parseDuration, parseOrgName } from './arguments.ts';
import { engineOption, jsonOption, orgOption, runs, type Wiring, withExamples } from './command.ts';

/** The commands on what is stored: replay, SQL, records that could not be used, the tables themselves. */
export const declareHistory = (program: Command, wiring: Wiring): void => {
  withExamples(
    program
      .command('replay')
      .summary('compute readings from files, exactly as the live run would')
      .description('Folds System Log events and posture from files and prints readings. Nothing is stored or pushed.')
      .argument('[files...]', 'System Log events: NDJSON, or JSON arrays as Okta returns them; - is standard input')
      .option('--users <file>', 'users, as GET /api/v1/users returns them')
      .option('--factors <file>', 'factors by user')
      .option('--app-links <file>', 'app links by user')
      .option('--policies <file>', 'access policies')
      .option('--policy-rules <file>', 'rules by policy')
      .option('--org <name>', 'the org that the files speak of; default: KRIVER_ORG, else recording', parseOrgName)
      .option('--at <time>', 'a minute to give readings for, UTC; may be repeated', collectMoment)
      .option('--every <duration>', 'give a reading at each such step: 5m, 1h, 1d', parseDuration)
      .addOption(engineOption())
      .addOption(new Option('--definition <definition>', 'give this definition alone').choices(definitions))
      .addOption(jsonOption('print one JSON document per reading and line'))
      .action(
        runs(wiring, 'replay', ({ at = [], every, ...options }, [files]) => ({
          ...options,
          files,
          at,
          everyMs: every,
        })),
      ),
    'kriver replay events.ndjson --every 1h',
    'kriver replay --users users.json --factors factors.json --at 2026-03-01T12:00:00Z --json',
  );

  withExamples(
    program
      .command('sql')
      .summary('query events, snapshots and readings')
      .description('Runs one read-only query against ClickHouse, with limits on time and memory.')
      .argument('<query>', 'the query')
      .addOption(jsonOption('print one JSON document per row and line'))
      .action(runs(wiring, 'sql', (options, [query]) => ({ ...options, query }))),
    "kriver sql 'SELECT * FROM kri_current'",
  );

  const letters = withExamples(
    program
      .command('dlq')
      .summary('records that could not be used')
      .description('Lists, shows and redrives dead letters: records that could not be parsed or stored.'),
    'kriver dlq list',
  );
  withExamples(
    letters
      .command('list')
      .description('List dead letters: id, origin, reason, time.')
      .addOption(orgOption())
      .addOption(jsonOption('print one JSON document per dead letter and line'))
      .action(runs(wiring, 'dlqList', (options) => options)),
    'kriver dlq list --org acme',
  );
  withExamples(
    letters
      .command('show')
      .description('Show one dead letter with its bytes.')
      .argument('<id>', 'the id, from `kriver dlq list`')
      .addOption(orgOption())
      .addOption(jsonOption())
      .action(runs(wiring, 'dlqShow', (options, [id]) => ({ ...options, id }))),
    'kriver dlq show 3f2a9c',
  );
  withExamples(
    letters
      .command('redrive')
      .description('Send a dead letter through again, after the cause was mended.')
      .argument('<id>', 'the id, from `kriver dlq list`')
      .addOption(orgOption())
      .addOption(jsonOption())
      .action(runs(wiring, 'dlqRedrive', (options, [id]) => ({ ...options, id }))),
    'kriver dlq redrive 3f2a9c',
  );

  withExamples(
    program
      .command('migrate')
      .summary('create or update the ClickHouse tables')
      .description('Applies the migrations that are missing. `kriver run` does this on start.')
      .action(runs(wiring, 'migrate', (options) => options)),
    'kriver migrate',
  );
};
