import type { Command } from 'commander';
import { parseOrgName } from './arguments.ts';
import { jsonOption, runs, type Wiring, withExamples } from './command.ts';

/** The commands before the first run: a file of settings, and tokens that stand in none. */
export const declareSetup = (program: Command, wiring: Wiring): void => {
  withExamples(
    program
      .command('init')
      .summary('write a kriver.yaml to start from')
      .description(
        'Writes a file with every setting, its meaning and its default. It is written to --config, else ./kriver.yaml.',
      )
      .option('--org <name>', 'the name of the org', parseOrgName)
      .option('--base-url <url>', "the org's URL, such as https://acme.okta.com")
      .option('--force', 'overwrite a file that is there')
      .action(runs(wiring, 'init', (options) => options)),
    'kriver init --base-url https://acme.okta.com',
  );

  const secret = withExamples(
    program
      .command('secret')
      .summary('store tokens, encrypted, in the data directory')
      .description(
        'Stores tokens encrypted with encryption.key (or KRIVER_ENCRYPTION_KEY). Name them in kriver.yaml with token_secret.',
      ),
    'kriver secret set okta-acme',
  );
  withExamples(
    secret
      .command('set')
      .description(
        'Store a secret: asked for without echo, or read from standard input. Never an argument, which others see.',
      )
      .argument('<name>', 'what it is called: letters, digits, dot, dash, underscore')
      .action(runs(wiring, 'secretSet', (options, [name]) => ({ ...options, name }))),
    'kriver secret set okta-acme',
    'kriver secret set okta-acme < token.txt',
  );
  withExamples(
    secret
      .command('list')
      .description('List the names of stored secrets and the keys that they are encrypted with.')
      .addOption(jsonOption())
      .action(runs(wiring, 'secretList', (options) => options)),
    'kriver secret list',
  );
  withExamples(
    secret
      .command('remove')
      .description('Remove a secret.')
      .argument('<name>', 'what it is called')
      .action(runs(wiring, 'secretRemove', (options, [name]) => ({ ...options, name }))),
    'kriver secret remove okta-acme',
  );
  withExamples(
    secret
      .command('rotate')
      .description(
        'Make a new encryption key and wrap all secrets with it. The key before stays readable until the next rotation, so backups of secrets.json still open.',
      )
      .action(runs(wiring, 'secretRotate', (options) => options)),
    'kriver secret rotate',
  );
};
