import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes } from '../runtime/errors.ts';
import { printCommandsPage } from './reference/commands-page.ts';
import { printConfigurationPage } from './reference/configuration-page.ts';

/** The generated reference pages, by their path in the repository. */
export const referencePages = (): ReadonlyMap<string, string> =>
  new Map([
    ['docs/reference/configuration.md', printConfigurationPage()],
    ['docs/reference/commands.md', printCommandsPage()],
  ]);

/** The sources and dist/cli lie at different depths. */
const findRoot = (from: string): string => (existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from)));

/** `--write` brings the pages up to date; `--check` names those that are not and ends with 1. */
const main = (mode: string | undefined): number => {
  if (mode !== '--write' && mode !== '--check') {
    process.stderr.write('Usage: node dist/cli/reference.js --write | --check\n');
    return exitCodes.usage;
  }
  const root = findRoot(dirname(fileURLToPath(import.meta.url)));
  const stale = [...referencePages()].filter(([path, text]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  if (mode === '--check') {
    for (const [path] of stale) process.stderr.write(`${path} is not up to date: node dist/cli/reference.js --write\n`);
    return stale.length === 0 ? exitCodes.ok : exitCodes.checkFailed;
  }
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    process.stderr.write(`Wrote ${path}\n`);
  }
  return exitCodes.ok;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv[2]);
