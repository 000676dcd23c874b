import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pathOf, readText } from './compose-file.ts';
import { findDockerfileFaults, lastStage, parseDockerfile } from './dockerfile-rules.ts';

const text = readText('Dockerfile');
const instructions = parseDockerfile(text);

/** What .dockerignore lets through: it excludes all and then names what is wanted. */
const allowed = readText('.dockerignore')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));
const isAllowed = (path: string): boolean => allowed.some((entry) => path === entry || path.startsWith(`${entry}/`));

describe('Dockerfile', () => {
  it('keeps our rules', () => {
    expect(findDockerfileFaults(text)).toEqual([]);
  });

  it.each([
    ['USER node', 'USER root', 'runs as root'],
    ['USER node', '', 'runs as root'],
    [/NODE=node:\S+/, 'NODE=node:latest', 'has a base without a version'],
    [/@sha256:\w+/, '@sha256:abc', 'has a base without a version'],
    ['COPY bin ./bin', 'ADD https://example.com/bin.tar ./bin', 'adds what may be a URL'],
    ['COPY bin ./bin', 'COPY . .', 'ships the whole repository'],
    ['RUN npm ci --no-audit --no-fund', 'RUN npm install', 'installs without the lock file'],
    ['npm ci --omit=dev', 'npm ci', 'ships tools of development'],
    ['npm ci --omit=dev', 'npm ci --omit=dev --omit=optional', 'leaves out the binary of lmdb'],
    [/package-lock\.json/g, '', 'does not copy the lock file'],
    [/HEALTHCHECK[^\]]*\]/, '', 'has no health check'],
    [/ENTRYPOINT .*/, 'ENTRYPOINT node bin/kriver.mjs', 'keeps signals from it'],
    ['ENV NODE_ENV=production', 'ENV KRIVER_OKTA_TOKEN=x', 'holds a secret'],
    ['WORKDIR /kriver', 'WORKDIRECTORY /kriver', 'an instruction that Docker does not know'],
    ['RUN npm run build', 'RUN curl -O https://example.com/tool', 'downloads without a lock file'],
  ])('with %s replaced by "%s" %s', (before, after, fault) => {
    const changed = text.replace(before, after);
    expect(changed).not.toBe(text);
    expect(findDockerfileFaults(changed).join()).toMatch(fault);
  });

  it('copies only files that are there and that .dockerignore lets through', () => {
    const sources = instructions
      .filter(({ name, text: copy }) => name === 'COPY' && !copy.startsWith('--from'))
      .flatMap(({ text: copy }) => copy.split(/\s+/).slice(0, -1))
      .filter((source) => source !== '.');
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources)
      expect([source, existsSync(pathOf(source)), isAllowed(source)]).toEqual([source, true, true]);
  });

  it('runs files that it copied: the program, and the health check', () => {
    const image = lastStage(instructions);
    const copied = image.filter(({ name }) => name === 'COPY').map(({ text: copy }) => copy);
    expect(image.find(({ name }) => name === 'ENTRYPOINT')?.text).toBe('["node", "bin/kriver.mjs"]');
    expect(copied).toContain('bin ./bin');
    expect(copied).toContain('docker/healthcheck.mjs ./docker/healthcheck.mjs');
    expect(image.find(({ name }) => name === 'HEALTHCHECK')?.text).toMatch('"docker/healthcheck.mjs"');
    expect(copied).toContain('--from=build /kriver/dist ./dist');
  });
});

describe('.dockerignore', () => {
  it('excludes everything first', () => {
    expect(
      readText('.dockerignore')
        .split('\n')
        .find((line) => !line.startsWith('#')),
    ).toBe('*');
  });

  it('lets through all sources that the build compiles, and nothing of tests, data and secrets', () => {
    const { include } = JSON.parse(readText('tsconfig.build.json')) as { include: string[] };
    for (const folder of include)
      if (existsSync(pathOf(folder))) expect([folder, isAllowed(folder)]).toEqual([folder, true]);
    for (const file of ['.env', '.git', '.kriver', 'test', 'node_modules', 'docker/demo.env'])
      expect([file, isAllowed(file)]).toEqual([file, false]);
  });

  it('names only what is there', () => {
    const here = new Set(readdirSync(pathOf('.')));
    for (const entry of allowed) {
      if (entry === 'dashboard') continue;
      expect([entry, here.has(entry.split('/', 1)[0] ?? '')]).toEqual([entry, true]);
    }
  });
});
