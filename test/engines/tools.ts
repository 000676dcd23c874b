import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const outputLimit = 50_000_000;

/** Runs a program to its end. Rejects with an error that holds the end of what it said. */
export const runTool = async (program: string, args: readonly string[], cwd?: string): Promise<string> => {
  try {
    const { stdout, stderr } = await execute(program, args, { maxBuffer: outputLimit, ...(cwd ? { cwd } : {}) });
    return `${stdout}${stderr}`;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.trim().slice(-2_000);
    throw new Error(`${program} failed: ${said === '' ? message : said}`, { cause: error });
  }
};

const oldestJava = 17;

/** Why there is no Java that the engines run on; undefined when there is. */
export const whyNoJava = async (): Promise<string | undefined> => {
  const needed = `Java ${oldestJava} or newer is needed`;
  const said = await runTool('java', ['-version']).catch(() => undefined);
  if (said === undefined) return `${needed}, and there is no java on the PATH`;
  // Java 8 and older call themselves 1.8.
  const version = /version "(?:1\.)?(\d+)/.exec(said)?.[1];
  return version !== undefined && Number(version) >= oldestJava ? undefined : `${needed}, java says: ${said.trim()}`;
};

/** Why a tool is not there, with what it is for; undefined when it is. */
export const whyNoTool = (program: 'mvn' | 'gcc' | 'openssl', purpose: string): Promise<string | undefined> =>
  execute(program, [program === 'openssl' ? 'version' : '--version']).then(
    () => undefined,
    () => `${program} is needed ${purpose}, and is not on the PATH`,
  );
