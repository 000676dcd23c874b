import type { Logger } from 'pino';
import type { Topic } from '../../schemas/topic.ts';
import type { SchemaIds } from '../bus/kafka/wire-format.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { readIds, toIdKey, writeIds } from './id-cache.ts';
import { toSchemaText, toSubject } from './registered-schema.ts';
import { createRegistryClient, type RegistryClient, type RegistrySettings } from './registry-client.ts';
import { schemaChanges } from './schema-changes.ts';

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
/** Other processes register the same: what collides once goes through the next time. */
const mostConflicts = 5;
const mostChangesShown = 5;

interface Wanted {
  readonly topic: string;
  readonly subject: string;
  readonly schema: string;
}

const component = 'registry';

const incompatible = (subject: string, detail: string): AppError =>
  new AppError('schema-incompatible', `The schema registry refuses the next schema of ${subject}: ${detail}.`, {
    hint: `Nothing was registered or written. Consumers may rely on what changed: go back to the release before, or, once they can do without, delete the subject ${subject} in the registry and start again.`,
  });

/** Throws `schema-incompatible` and says what changed when readers of the newest schema could not read what we write. */
const checkNext = async (registry: RegistryClient, { subject, schema }: Wanted): Promise<void> => {
  if (await registry.accepts(subject, schema)) return;
  const found = schemaChanges((await registry.latest(subject)) ?? schema, schema);
  const shown = found.slice(0, mostChangesShown).join('; ');
  const more = found.length > mostChangesShown ? `; and ${found.length - mostChangesShown} more` : '';
  throw incompatible(subject, found.length === 0 ? 'it is not compatible with the newest one' : `${shown}${more}`);
};

/** The ids, or the subject on which another process was faster. Registers none unless the registry accepts all. */
const registerAll = async (registry: RegistryClient, wanted: readonly Wanted[]): Promise<SchemaIds | string> => {
  const ids = new Map<string, number>();
  const missing: { entry: Wanted; rule: Awaited<ReturnType<RegistryClient['ensureForward']>> }[] = [];
  for (const entry of wanted) {
    const id = await registry.find(entry.subject, entry.schema);
    if (id !== undefined) ids.set(entry.topic, id);
    else missing.push({ entry, rule: await registry.ensureForward(entry.subject) });
  }
  for (const { entry } of missing) await checkNext(registry, entry);
  for (const { entry, rule } of missing) {
    const id = await registry.register(entry.subject, entry.schema, rule);
    if (id === undefined) return entry.subject;
    ids.set(entry.topic, id);
  }
  return ids;
};

/**
 * The ids of the schemas of topics, by the topic's plain name, as they go into frames. Called once before anything is
 * published, by any number of processes at once: a schema that the subject has keeps its id, a new one must be readable by
 * those who know the newest (FORWARD), and none is registered unless all are.
 *
 * A registry that is away is waited for until the signal aborts, which throws its reason; with all ids in `cacheFile`, from
 * an earlier start with the same schemas, it is not needed. Throws `schema-incompatible`; `bus-unauthorised` when the
 * registry refuses the user; `configuration-invalid` when what answers is no registry.
 */
export const registerSchemas = async (options: {
  settings: RegistrySettings;
  topics: readonly Topic[];
  topicPrefix: string;
  logger: Pick<Logger, 'info' | 'warn'>;
  clock: Clock;
  signal: AbortSignal;
  cacheFile?: string;
}): Promise<SchemaIds> => {
  const { settings, topics, topicPrefix, logger, clock, signal, cacheFile } = options;
  const registry = createRegistryClient(settings, signal);
  const wanted = topics.map((topic) => ({
    topic: topic.name,
    subject: toSubject(topicPrefix, topic),
    schema: toSchemaText(topic),
  }));
  const known = cacheFile === undefined ? {} : (readIds(cacheFile) ?? {});

  const fromCache = (): SchemaIds | undefined => {
    const ids = wanted.map(
      ({ topic, subject, schema }) => [topic, known[toIdKey(registry.url, subject, schema)]] as const,
    );
    const found = ids.filter((entry): entry is readonly [string, number] => entry[1] !== undefined);
    return found.length === wanted.length ? new Map(found) : undefined;
  };

  const remember = (ids: SchemaIds): void => {
    const next: Record<string, number> = { ...known };
    for (const { topic, subject, schema } of wanted) next[toIdKey(registry.url, subject, schema)] = ids.get(topic) ?? 0;
    if (cacheFile === undefined || JSON.stringify(next) === JSON.stringify(known)) return;
    try {
      writeIds(cacheFile, next);
    } catch (error) {
      logger.warn(
        { component, err: error },
        `${cacheFile} cannot be written: the next start needs the schema registry.`,
      );
    }
  };

  let conflicts = 0;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal.throwIfAborted();
    try {
      const ids = await registerAll(registry, wanted);
      if (typeof ids !== 'string') {
        remember(ids);
        logger.info({ component, ids: Object.fromEntries(ids) }, 'The schemas of all topics are registered.');
        return ids;
      }
      conflicts += 1;
      if (conflicts > mostConflicts) throw incompatible(ids, 'it reports a conflict again and again');
      logger.info({ component, delayMs, subject: ids }, 'Another process registers the same schema; trying again.');
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'registry-unavailable') throw error;
      const ids = fromCache();
      if (ids !== undefined) {
        logger.warn({ component }, `${error.message} The schema ids of an earlier start are used.`);
        return ids;
      }
      logger.warn({ component, delayMs }, `${error.message} ${error.hint} Waiting for it.`);
    }
    await clock.sleep(delayMs, signal);
  }
};
