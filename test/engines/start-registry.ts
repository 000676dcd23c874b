import { join } from 'node:path';
import { createEngine, type Engine } from './engine.ts';
import type { RegistryFiles } from './fetch-engines.ts';
import { freePort } from './free-port.ts';

export interface Registry extends Engine {
  /** The root of its Confluent API. */
  readonly url: string;
}

const memory = ['-Xms64m', '-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** H2 in a file. Without a delay of writes, what was answered is on the disk. */
const toDatabase = (directory: string): readonly string[] => [
  `-Dapicurio.datasource.url=jdbc:h2:file:${join(directory, 'registry')};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0`,
  '-Dapicurio.datasource.jdbc.initial-size=2',
  '-Dapicurio.datasource.jdbc.min-size=2',
  '-Dapicurio.datasource.jdbc.max-size=10',
];

/** Starts a schema registry, Apicurio, on loopback. Rejects with the end of its log. */
export const startRegistry = async (options: {
  files: RegistryFiles;
  directory: string;
  /** Any free one when missing. */
  port?: number;
}): Promise<Registry> => {
  const { files, directory } = options;
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const engine = createEngine({
    name: 'registry',
    directory,
    program: 'java',
    args: [
      ...memory,
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      ...toDatabase(directory),
      '-jar',
      files.jar,
    ],
    isReady: async () => {
      const response = await fetch(`${url}/subjects`);
      await response.text();
      if (!response.ok) throw new Error(`the list of subjects was answered with ${response.status}`);
    },
  });
  await engine.start();
  return { ...engine, url };
};
