import { looksLikeSecret } from '../mask.ts';
import { suggest } from './did-you-mean.ts';
import { childOf, type JsonSchema, keysOf } from './json-schema.ts';
import { type Problem, toPath } from './problem.ts';

const tokenAdvice =
  'Put it into an environment variable and name that with token_env, or store it with `kriver secret set NAME` and name it with token_secret. If others may have seen it, revoke it.';

const literalTokenKeys = /^(?:token|api_?key|api_?token|password|secret|pat|ssws|bearer)$/i;

/**
 * Finds, anywhere in the file, keys that nothing reads (a mistyped `user_sample_cap` would otherwise be ignored in
 * silence) and tokens that stand in the file itself.
 */
export const inspectKeys = (
  value: unknown,
  schema: JsonSchema | undefined,
  path: readonly PropertyKey[] = [],
): Problem[] => {
  if (typeof value === 'string') return looksLikeSecret(value) ? [literalToken(path)] : [];
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => inspectKeys(item, schema && childOf(schema, index), [...path, index]));
  const known = schema === undefined ? undefined : keysOf(schema);
  return Object.entries(value).flatMap(([key, child]) => {
    const here = [...path, key];
    if (known === undefined || known.includes(key)) return inspectKeys(child, schema && childOf(schema, key), here);
    if (looksLikeSecret(key) || (literalTokenKeys.test(key) && typeof child === 'string')) return [literalToken(here)];
    return [
      { path: toPath(here), problem: `${toPath(here)} is not a setting.`, hint: suggest(key, known) },
      ...inspectKeys(child, undefined, here),
    ];
  });
};

const literalToken = (path: readonly PropertyKey[]): Problem => ({
  path: toPath(path),
  problem: 'A token must not stand in the file.',
  hint: tokenAdvice,
});
