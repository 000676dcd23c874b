export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, comments dropped and continued lines joined. Here-documents are not understood. */
export const parseDockerfile = (text: string): readonly Instruction[] =>
  text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), text: rest.trim() };
    });

const known: readonly string[] =
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(' ');

/** The instructions of the last stage: what the image is. */
export const lastStage = (instructions: readonly Instruction[]): readonly Instruction[] =>
  instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

const isExecForm = (text: string): boolean => {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string');
  } catch {
    return false;
  }
};

/** What is wrong with a Dockerfile, as far as rules of ours can say. */
export const findDockerfileFaults = (text: string): readonly string[] => {
  const instructions = parseDockerfile(text);
  const named = (name: string) => instructions.filter((instruction) => instruction.name === name);
  const image = lastStage(instructions);
  const inImage = (name: string) => image.filter((instruction) => instruction.name === name);
  const defaults = new Map(named('ARG').map(({ text: argument }) => argument.split('=', 2) as [string, string]));
  const bases = named('FROM').map((from) => from.text.replace(/\$\{(\w+)\}/, (_, name) => defaults.get(name) ?? ''));
  const user = inImage('USER').at(-1)?.text;
  const rules: readonly (readonly [holds: boolean, fault: string])[] = [
    [instructions.every(({ name }) => known.includes(name)), 'has an instruction that Docker does not know'],
    [bases.length > 1, 'has one stage'],
    [
      bases.every((base) => /^\S+:\d[^\s@]*(?:@sha256:[0-9a-f]{64})?(?: AS \w+)?$/.test(base)),
      'has a base without a version',
    ],
    [user !== undefined && !/^(?:0|root)\b/.test(user), 'runs as root'],
    [named('ADD').length === 0, 'adds what may be a URL'],
    [named('RUN').every((run) => !/\bcurl\b|\bwget\b|\bsudo\b/.test(run.text)), 'downloads without a lock file'],
    [named('RUN').every((run) => !/\bnpm (?:install|i)\b/.test(run.text)), 'installs without the lock file'],
    [named('RUN').some((run) => /\bnpm ci\b[^&]*--omit=dev/.test(run.text)), 'ships tools of development'],
    [named('RUN').every((run) => !run.text.includes('--omit=optional')), 'leaves out the binary of lmdb'],
    [named('COPY').some((copy) => /\bpackage-lock\.json\b/.test(copy.text)), 'does not copy the lock file'],
    [inImage('COPY').every((copy) => !/^\.\s/.test(copy.text)), 'ships the whole repository'],
    [inImage('HEALTHCHECK').length === 1, 'has no health check'],
    [isExecForm(inImage('ENTRYPOINT')[0]?.text ?? ''), 'puts a shell before the program, which keeps signals from it'],
    [!/KRIVER_\w*TOKEN|PASSWORD/.test(text), 'holds a secret'],
  ];
  return rules.filter(([holds]) => !holds).map(([, fault]) => fault);
};
