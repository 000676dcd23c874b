import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import { type LoadOptions, locateDataDirectory } from '../config/load.ts';
import type { GlobalOptions, Handlers } from '../handlers.ts';
import { printTable } from '../render/table.ts';
import { createSecretStore, type SecretStore } from '../secrets/store.ts';

export interface SecretContext extends Pick<LoadOptions, 'environment' | 'workingDirectory'> {
  readonly print: (text: string) => void;
  /** The value to store: from a hidden prompt or from standard input. */
  readonly readValue: (name: string) => Promise<string>;
}

/** The bodies of `kriver secret`. They need the data directory alone, so a configuration that is not right yet is no obstacle. */
export const createSecretCommands = (
  context: SecretContext,
): Pick<Handlers, 'secretSet' | 'secretList' | 'secretRemove' | 'secretRotate'> => {
  const open = ({ config, dataDir }: GlobalOptions): SecretStore =>
    createSecretStore({
      directory: locateDataDirectory({ ...context, file: config, dataDirectory: dataDir }),
      environment: context.environment,
    });
  const done = (text: string): ExitCode => {
    context.print(`${text}\n`);
    return exitCodes.ok;
  };
  return {
    secretSet: async (options) => {
      const store = open(options);
      const value = (await context.readValue(options.name)).trim();
      if (value === '')
        throw new AppError('usage-invalid', 'There was no value to store.', {
          hint: `Type or paste it when asked, or send it in: kriver secret set ${options.name} < token.txt`,
        });
      store.write(options.name, new Secret(value));
      return done(`Stored ${options.name}. Name it in kriver.yaml: token_secret: ${options.name}`);
    },
    secretList: async (options) => {
      const secrets = open(options).list();
      if (options.json) return done(JSON.stringify(secrets));
      if (secrets.length === 0) return done('No secrets are stored.');
      return done(
        printTable(
          [{ title: 'Name' }, { title: 'Key' }, { title: 'Version', align: 'right' }],
          secrets.map(({ name, keyId, version }) => [name, keyId, String(version)]),
        ),
      );
    },
    secretRemove: async (options) => {
      if (!open(options).remove(options.name))
        throw new AppError('data-invalid', `No secret named ${options.name} is stored.`, {
          hint: '`kriver secret list` shows what is.',
        });
      return done(`Removed ${options.name}.`);
    },
    secretRotate: async (options) => {
      const { keyId, rewrapped } = open(options).rotate();
      return done(
        `The key is now ${keyId}; ${rewrapped} ${rewrapped === 1 ? 'secret is' : 'secrets are'} wrapped with it.`,
      );
    },
  };
};
