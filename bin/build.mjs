import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const entry = join(root, 'dist', 'cli', 'main.js');
/** Written after each build that succeeded: a build that failed half way leaves newer files but no newer stamp. */
const stamp = join(root, 'dist', '.built');
const lock = join(root, 'dist', '.building');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const sourceFolders = ['ingest', 'processors', 'sinks', 'schemas', 'runtime', 'cli', 'dashboard', 'simulator', 'bench'];

const modifiedMs = (path) => {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
};

/** The newest modification of a source, or of a folder, which changes when one is removed. */
const newestSourceMs = () => {
  let newest = Math.max(
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => modifiedMs(join(root, name))),
  );
  const visit = (folder) => {
    newest = Math.max(newest, modifiedMs(folder));
    for (const item of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, item.name);
      if (item.isDirectory()) visit(path);
      else newest = Math.max(newest, modifiedMs(path));
    }
  };
  for (const folder of sourceFolders) if (existsSync(join(root, folder))) visit(join(root, folder));
  return newest;
};

/** An installed package has no sources and is never built. */
const isCheckout = () => existsSync(join(root, 'tsconfig.build.json')) && existsSync(join(root, 'cli', 'main.ts'));

const isFresh = () => existsSync(entry) && modifiedMs(stamp) >= newestSourceMs();

/** Only one process builds: another would read files that are half written. A lock older than this was left by a crash. */
const lockLifeMs = 120_000;

const pause = (durationMs) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);

const takeLock = () => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (Date.now() - modifiedMs(lock) > lockLifeMs) rmSync(lock, { recursive: true, force: true });
      else pause(100);
    }
  }
};

/**
 * Compiles a repository checkout when dist is missing or older than the sources. Says nothing unless it fails: then the
 * compiler's messages go to standard error and the result is false.
 */
export const buildWhenStale = () => {
  if (!isCheckout() || isFresh()) return true;
  if (!existsSync(compiler)) {
    process.stderr.write(
      'Kriver is not built, and the compiler is not installed. Run `npm ci`, or `npm start`, in the checkout.\n',
    );
    return false;
  }
  takeLock();
  try {
    if (isFresh()) return true;
    const beganMs = Date.now();
    const { status, error, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
      cwd: root,
      encoding: 'utf8',
    });
    if (status !== 0) {
      process.stderr.write(`Kriver could not be built:\n${error?.message ?? `${stdout}${stderr}`}\n`);
      return false;
    }
    writeFileSync(stamp, '');
    // A source that was saved while the compiler ran is newer than its beginning, and so is built again.
    utimesSync(stamp, beganMs / 1000, beganMs / 1000);
    return true;
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
};
