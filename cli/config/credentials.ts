import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import type { SecretStore } from '../secrets/store.ts';
import type { Problem } from './problem.ts';

/** Where a token is read from. A token itself never stands in the file: files are committed, mailed and backed up. */
export const credentialsSchema = z
  .object({
    token_env: z.string().min(1).optional().describe('The environment variable that holds the token.'),
    token_secret: z
      .string()
      .min(1)
      .optional()
      .describe('The name that the token was stored under by `kriver secret set`.'),
    token_file: z.string().min(1).optional().describe('A file that holds the token and nothing else.'),
  })
  .describe('Where the token is read from: exactly one of the three.');

export type Credentials = z.infer<typeof credentialsSchema>;

export interface TokenSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative token files start here. */
  readonly directory: string;
  readonly secrets: () => SecretStore;
}

export type TokenResult =
  | { readonly ok: true; readonly token: Secret }
  | { readonly ok: false; readonly problem: Problem };

/** Printable ASCII without spaces, which is all that an Authorization header can carry; a stray line break is common. */
const isToken = (text: string): boolean => /^[\x21-\x7e]{4,4096}$/.test(text);

const toToken = (text: string, path: string, place: string): TokenResult => {
  const trimmed = text.trim().replace(/^(?:SSWS|Bearer)\s+/i, '');
  if (trimmed === '') return refuse(path, `${place} holds no token.`, 'Put the token there, alone on one line.');
  if (!isToken(trimmed))
    return refuse(
      path,
      `What ${place} holds is not a token: it has spaces, line breaks or characters outside ASCII.`,
      'Store the token again, alone on one line, as it was shown when it was created.',
    );
  return { ok: true, token: new Secret(trimmed) };
};

const refuse = (path: string, problem: string, hint: string): TokenResult => ({
  ok: false,
  problem: { path, problem, hint },
});

/** Reads the token that the credentials name. `path` is where they stand, for the problem. */
export const readToken = (credentials: Credentials, path: string, sources: TokenSources): TokenResult => {
  const { token_env, token_secret, token_file } = credentials;
  const named = [token_env, token_secret, token_file].filter((source) => source !== undefined);
  if (named.length !== 1)
    return refuse(
      path,
      named.length === 0 ? 'No token is named.' : 'Several sources of the token are named.',
      'Name exactly one of token_env (an environment variable), token_secret (see `kriver secret set`), token_file.',
    );
  if (token_env !== undefined) {
    const text = sources.environment[token_env];
    return text === undefined || text === ''
      ? refuse(
          `${path}.token_env`,
          `The environment variable ${token_env} is not set.`,
          `Set ${token_env} to the token before starting Kriver, or store the token with \`kriver secret set NAME\` and name it with token_secret.`,
        )
      : toToken(text, `${path}.token_env`, `the environment variable ${token_env}`);
  }
  if (token_file !== undefined) return readTokenFile(token_file, `${path}.token_file`, sources.directory);
  return readTokenSecret(token_secret ?? '', `${path}.token_secret`, sources);
};

const readTokenFile = (file: string, path: string, directory: string): TokenResult => {
  try {
    return toToken(readFileSync(resolve(directory, file), 'utf8'), path, 'the token file');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    return refuse(
      path,
      `The token file cannot be read (${code}).`,
      'Check the path (relative paths start at the directory of kriver.yaml) and that this user may read it.',
    );
  }
};

const readTokenSecret = (name: string, path: string, sources: TokenSources): TokenResult => {
  try {
    const secret = sources.secrets().read(name);
    return secret === undefined
      ? refuse(path, `No secret named ${name} is stored.`, `Store it: \`kriver secret set ${name}\`.`)
      : toToken(secret.reveal(), path, `the secret ${name}`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return refuse(path, error.message, error.hint);
  }
};
