import { createHash } from 'node:crypto';
import { access, copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedFolder, enginesCache, isCached } from './cache-folder.ts';
import { runTool, whyNoJava, whyNoTool } from './tools.ts';

export interface Unavailable {
  readonly available: false;
  /** A full sentence without its stop: what is missing, and what for. */
  readonly reason: string;
}

export type Available<T> = ({ readonly available: true } & T) | Unavailable;

export interface KafkaFiles {
  /** The folder of Kafka's jars. */
  readonly jars: string;
}

export interface RegistryFiles {
  /** The jar that is run; its libraries lie beside it. */
  readonly jar: string;
}

export interface ClickHouseFiles {
  readonly program: string;
  /** chdb's shared library, which is the engine. */
  readonly library: string;
}

export interface FetchOptions {
  readonly cache?: string;
  /** Hears what is fetched, a line at a time; standard error when missing. */
  readonly report?: (line: string) => void;
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const pom = pathOf('./pom.xml');
const source = pathOf('./clickhouse-server.c');

const toStandardError = (line: string): void => void process.stderr.write(`${line}\n`);

const isOnCi = (): boolean => !['', '0', 'false'].includes(process.env['CI'] ?? '');

/** What belongs in a folder is named by the text that it is made from, so a change of that text makes another folder. */
const folderName = (name: string, madeFrom: string): string =>
  `${name}-${createHash('sha256').update(madeFrom).digest('hex').slice(0, 8)}`;

const unavailable = (reason: string): Unavailable => ({ available: false, reason });

/** A machine without the tools goes without the engine. One that has them and fails is broken, which CI must not hide. */
const orUnavailable = async <T>(what: string, fetch: () => Promise<Available<T>>): Promise<Available<T>> => {
  try {
    return await fetch();
  } catch (error) {
    const reason = `${what} could not be made ready: ${error instanceof Error ? error.message : String(error)}`;
    if (isOnCi()) throw new Error(reason, { cause: error });
    return unavailable(reason);
  }
};

/** The folder that a goal of Maven's dependency plugin fills, run on the pom beside this file. */
const mavenFolder = async (
  what: { name: 'kafka' | 'registry'; title: string; toArgs: (folder: string, version: string) => readonly string[] },
  options: FetchOptions,
): Promise<Available<{ folder: string }>> => {
  const { cache = enginesCache(), report = toStandardError } = options;
  const noJava = await whyNoJava();
  if (noJava !== undefined) return unavailable(noJava);
  const text = await readFile(pom, 'utf8');
  const version = new RegExp(`<${what.name}\\.version>([^<]+)<`).exec(text)?.[1] ?? '';
  const name = folderName(`${what.name}-${version}`, text);
  const noMaven = (await isCached(cache, name)) ? undefined : await whyNoTool('mvn', `to fetch ${what.title} (Maven)`);
  if (noMaven !== undefined) return unavailable(noMaven);
  const folder = await cachedFolder(cache, name, async (unfinished) => {
    report(`Fetching ${what.title} ${version} into ${join(cache, name)} ...`);
    // Maven notes beside the pom what it has unpacked, and would not do so again: each folder has a copy of its own.
    const copy = join(unfinished, 'pom.xml');
    await copyFile(pom, copy);
    await runTool('mvn', ['-q', '-B', '-Dstyle.color=never', '-f', copy, ...what.toArgs(unfinished, version)]);
    report(`Fetched ${what.title} ${version}.`);
  });
  return { available: true, folder };
};

/** Kafka's jars, 45 MB, fetched with Maven when they are not in the cache. Needs Java 17. Rejects on CI only. */
export const fetchKafka = (options: FetchOptions = {}): Promise<Available<KafkaFiles>> =>
  orUnavailable('Kafka', async () => {
    const toArgs = (folder: string) => [
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ];
    const fetched = await mavenFolder({ name: 'kafka', title: 'Kafka', toArgs }, options);
    return fetched.available ? { available: true, jars: fetched.folder } : fetched;
  });

/** Apicurio, 109 MB, fetched with Maven when it is not in the cache. Needs Java 17. Rejects on CI only. */
export const fetchRegistry = (options: FetchOptions = {}): Promise<Available<RegistryFiles>> =>
  orUnavailable('The schema registry', async () => {
    const toArgs = (folder: string, version: string) => [
      'dependency:unpack',
      `-Dartifact=io.apicurio:apicurio-registry-app:${version}:tar.gz:all`,
      `-DoutputDirectory=${folder}`,
    ];
    const fetched = await mavenFolder({ name: 'registry', title: 'the schema registry Apicurio', toArgs }, options);
    if (!fetched.available) return fetched;
    const jar = (await readdir(fetched.folder)).find((name) => name.endsWith('-runner.jar'));
    if (jar === undefined) throw new Error(`there is no jar to run in ${fetched.folder}`);
    return { available: true, jar: join(fetched.folder, jar) };
  });

/** The ClickHouse server, compiled when it is not in the cache, over the library that npm installs for chdb. */
export const fetchClickHouse = (options: FetchOptions = {}): Promise<Available<ClickHouseFiles>> =>
  orUnavailable('ClickHouse', async () => {
    const { cache = enginesCache(), report = toStandardError } = options;
    const library = pathOf('../../node_modules/@chdb/lib-linux-x64-gnu/libchdb.so');
    const noLibrary = await access(library).then(
      () => undefined,
      () => 'ClickHouse runs out of the package @chdb/lib-linux-x64-gnu, which is not installed (npm ci, on Linux x64)',
    );
    if (noLibrary !== undefined) return unavailable(noLibrary);
    const name = folderName('clickhouse', await readFile(source, 'utf8'));
    const program = join(cache, name, 'clickhouse-server');
    const noCompiler = (await isCached(cache, name))
      ? undefined
      : await whyNoTool('gcc', "to compile ClickHouse's start");
    if (noCompiler !== undefined) return unavailable(noCompiler);
    await cachedFolder(cache, name, async (unfinished) => {
      report(`Compiling ClickHouse's start into ${join(cache, name)} ...`);
      await runTool('gcc', ['-O1', '-o', join(unfinished, 'clickhouse-server'), source, '-ldl']);
    });
    return { available: true, program, library };
  });
