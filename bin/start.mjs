/**
 * `npm start` on a fresh clone: installs and builds what is missing, then runs `kriver demo` with the given arguments, in
 * this process, so that signals and exit code are its own. Everything that is not the demo's output goes to standard error.
 *
 * This file must be readable by old versions of Node, so that they can be told that they are.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const configurationFailure = 78;
const unreachable = 69;
const needed = [20, 20];

const isOldNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < needed[0] || (major === needed[0] && minor < needed[1]);
};

const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const modifiedMs = (name) => (existsSync(pathOf(name)) ? statSync(pathOf(name)).mtimeMs : 0);

/** npm writes this file at the end of an installation. */
const installed = 'node_modules/.package-lock.json';
const needsInstall = () => modifiedMs(installed) === 0 || modifiedMs(installed) < modifiedMs('package-lock.json');

/** Under `npm start` npm tells where it is; a shell finds it otherwise, which on Windows is a script. */
const install = () => {
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund'];
  const options = { cwd: pathOf('.'), stdio: ['ignore', 2, 2] };
  return npm === undefined || !npm.endsWith('.js')
    ? spawnSync('npm', args, { ...options, shell: process.platform === 'win32' }).status
    : spawnSync(process.execPath, [npm, ...args], options).status;
};

const start = async () => {
  if (isOldNode()) {
    process.stderr.write(
      `Kriver needs Node ${needed.join('.')} or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org.\n`,
    );
    return configurationFailure;
  }
  if (needsInstall()) {
    process.stderr.write('Installing dependencies (once; the embedded database is large)...\n');
    if (install() !== 0) {
      process.stderr.write(
        'The dependencies could not be installed; npm says why above. Then run `npm start` again.\n',
      );
      return unreachable;
    }
  }
  process.argv.splice(2, 0, 'demo');
  await import('./kriver.mjs');
  return process.exitCode;
};

process.exitCode = await start();
