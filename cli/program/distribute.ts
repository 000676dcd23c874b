import { type Command, Option } from 'commander';
import { jsonOption, orgOption, runs, type Wiring, withExamples } from './command.ts';

/** The commands on the bus itself: the topics that it needs, and how far behind their readers are. */
export const declareDistribution = (program: Command, wiring: Wiring): void => {
  withExamples(
    program
      .command('topics')
      .summary('check the Kafka topics, and create them')
      .description(
        'Compares the topics on the brokers with what Kriver needs: partitions, replication, retention, sizes. Exit code 1 when something differs. Changes nothing without --apply, and never what would lose or move records.',
      )
      .addOption(new Option('--apply', 'create the missing topics and set what can be changed'))
      .addOption(jsonOption('print one JSON document per topic and line'))
      .action(runs(wiring, 'topics', (options) => options)),
    'kriver topics',
    'kriver topics --apply',
  );

  withExamples(
    program
      .command('lag')
      .summary('show how far behind each stage is')
      .description(
        'Shows of each org and stage how many records wait, since when, and which process has them. Orgs that share a partition share its figures.',
      )
      .addOption(orgOption())
      .addOption(jsonOption('print one JSON document per org'))
      .action(runs(wiring, 'lag', (options) => options)),
    'kriver lag',
    'kriver lag --org acme --json',
  );
};
