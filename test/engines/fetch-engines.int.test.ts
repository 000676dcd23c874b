import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fetchClickHouse, fetchKafka } from './fetch-engines.ts';

let machine: string;
let cache: string;
const reported: string[] = [];
const fetchHere = () => fetchKafka({ cache, report: (line) => reported.push(line) });

/** Puts a program on this machine, on which there is none at first. */
const install = async (name: string, script: string): Promise<void> => {
  const path = join(machine, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
};
const installJava = (version: string) => install('java', `echo 'openjdk version "${version}" 2025-04-15' >&2`);
/** A Maven that writes one jar into the folder that its arguments name. */
const workingMaven = `for a in "$@"; do case "$a" in
  --version) exit 0;;
  -DoutputDirectory=*) echo jar > "\${a#-DoutputDirectory=}/kafka.jar";;
esac; done`;
const brokenMaven = `[ "$1" = --version ] || { echo 'no route to the repository'; exit 1; }`;

beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), 'kriver-machine-'));
  cache = join(machine, 'cache');
  reported.length = 0;
  vi.stubEnv('PATH', machine);
  vi.stubEnv('CI', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(machine, { recursive: true, force: true });
});

describe('a machine that lacks a tool goes without the engine, on CI too, and says why', () => {
  beforeEach(() => vi.stubEnv('CI', 'true'));

  test('without Java', async () => {
    const reason = 'Java 17 or newer is needed, and there is no java on the PATH';
    expect(await fetchHere()).toEqual({ available: false, reason });
  });

  test.for(['11.0.27', '1.8.0_452'])('with Java %s', async (version) => {
    await installJava(version);
    const reason = expect.stringMatching(/^Java 17 or newer is needed, java says: openjdk/);
    expect(await fetchHere()).toEqual({ available: false, reason });
  });

  test('without Maven', async () => {
    await installJava('17.0.15');
    const reason = 'mvn is needed to fetch Kafka (Maven), and is not on the PATH';
    expect(await fetchHere()).toEqual({ available: false, reason });
  });

  test('without a compiler', async () => {
    const fetched = await fetchClickHouse({ cache });
    // Where npm installed no library of chdb, that is said first.
    const reason = expect.stringMatching(/^gcc is needed to compile|which is not installed/);
    expect(fetched).toEqual({ available: false, reason });
  });
});

describe('a fetch that fails', () => {
  beforeEach(async () => {
    await installJava('21');
    await install('mvn', brokenMaven);
  });

  test('leaves a machine without the engine', async () => {
    const reason = 'Kafka could not be made ready: mvn failed: no route to the repository';
    expect(await fetchHere()).toEqual({ available: false, reason });
    expect(await readdir(cache)).toEqual([]);
  });

  test('is an error on CI', async () => {
    vi.stubEnv('CI', 'true');
    await expect(fetchHere()).rejects.toThrow('Kafka could not be made ready: mvn failed: no route to the repository');
  });
});

test('what was fetched is announced, and used from then on without Maven', async () => {
  await installJava('17.0.15');
  await install('mvn', workingMaven);
  const fetched = await fetchHere();
  expect(reported).toEqual([
    expect.stringMatching(/^Fetching Kafka \d.* into .*cache/),
    expect.stringMatching(/^Fetched Kafka/),
  ]);
  expect(fetched.available && (await readdir(fetched.jars))).toContain('kafka.jar');
  await rm(join(machine, 'mvn'));
  expect(await fetchHere()).toEqual(fetched);
});
