import { existsSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseBaseUrl } from '../../ingest/okta/base-url.ts';
import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { allowsLoopback, type Environment, readVariable } from '../config/environment.ts';
import { printInitFile } from '../config/init-file.ts';
import type { InitOptions } from '../handlers.ts';
import { maskSecrets } from '../mask.ts';

/** `kriver init`: writes a file of settings to start from, and says what comes next. */
export const init = async (
  options: InitOptions,
  context: {
    readonly environment: Environment;
    readonly workingDirectory: string;
    readonly print: (text: string) => void;
  },
): Promise<ExitCode> => {
  const named = options.config ?? readVariable(context.environment, 'KRIVER_CONFIG') ?? 'kriver.yaml';
  const file = resolve(context.workingDirectory, named);
  if (options.baseUrl !== undefined) requireBaseUrl(options.baseUrl, context.environment);
  if (existsSync(file) && !options.force)
    throw new AppError('usage-invalid', `${file} is there already.`, {
      hint: 'Name another file with --config, or overwrite it with --force.',
    });
  try {
    writeFileSync(file, printInitFile({ org: options.org, baseUrl: options.baseUrl }));
  } catch (error) {
    throw new AppError(
      'directory-unwritable',
      `${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      {
        hint: 'Check that the directory exists and that this user may write it.',
        cause: error,
      },
    );
  }
  const shown = relative(context.workingDirectory, file) || file;
  context.print(
    [
      `Wrote ${shown}. Next:`,
      ...(options.baseUrl === undefined ? ['  - set base_url in it'] : []),
      '  - give the token: export KRIVER_OKTA_TOKEN=..., or `kriver secret set NAME` and token_secret: NAME in the file',
      '  - kriver test',
      '  - kriver run',
      '',
    ].join('\n'),
  );
  return exitCodes.ok;
};

/** A custom domain is allowed here: the file is where it is then said a second time. */
const requireBaseUrl = (text: string, environment: Environment): void => {
  const result = parseBaseUrl(text, { allowLoopback: allowsLoopback(environment), customDomains: hostOf(text) });
  if (!result.ok) throw new AppError('usage-invalid', maskSecrets(result.problem), { hint: result.hint });
};

const hostOf = (text: string): string[] => (URL.canParse(text) ? [new URL(text).hostname] : []);
