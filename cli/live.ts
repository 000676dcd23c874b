import { orgOfKey } from '../runtime/bus/bus.ts';
import { consumePartitions, type Until } from '../runtime/bus/consume-partitions.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { readingsTopic, systemLogTopic } from '../schemas/topics.ts';
import { type LastPush, readPushes } from '../sinks/draxis/push-state.ts';
import type { OrgConfig } from './config/config.ts';
import type { Context } from './context.ts';
import { toKrisView } from './kris-view.ts';
import { createOrgOverview, overviewTopics } from './overview.ts';
import type { Parts } from './parts.ts';
import { startOfReadings } from './read-overview.ts';
import { wantsColour } from './render/colour.ts';
import { renderKris } from './render/kris.ts';
import { renderChange } from './render/report.ts';
import type { KriRow, KrisView } from './render/view.ts';

const drawEveryMs = 500;

/** Goes to the upper left and wipes what is below, so that a redraw does not flicker. */
const home = '\u001b[H\u001b[J';
const enterScreen = '\u001b[?1049h\u001b[?25l';
const leaveScreen = '\u001b[?25h\u001b[?1049l';

/** How fast a growing number grows, from the samples of the last seconds. */
const createRate = (clock: Clock) => {
  const samples: { at: number; total: number }[] = [];
  return (total: number): number => {
    const at = clock.now();
    samples.push({ at, total });
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > 5_000) samples.shift();
    const first = samples[0] ?? { at, total };
    return at === first.at ? 0 : ((total - first.total) * 1000) / (at - first.at);
  };
};

/** What is known of every org at any moment: follows the topics that tell of it. */
const createLiveViews = (parts: Parts) => {
  const { bus, config, clock, store } = parts;
  const orgs = new Map(
    config.orgs.map((org) => [org.name, { org, overview: createOrgOverview(), rate: createRate(systemClock) }]),
  );
  const startOf = async (topic: string, partition: number): Promise<number> => {
    if (topic !== readingsTopic.name) return 0;
    const here = [...orgs.keys()].filter((org) => bus.partitionOf(org) === partition);
    return Math.min(...(await Promise.all(here.map((org) => startOfReadings(bus, org)))));
  };
  const consume = (until: Until, signal: AbortSignal): Promise<unknown> =>
    Promise.all(
      overviewTopics.map((topic) =>
        consumePartitions({
          bus,
          topic,
          group: 'screen',
          until,
          signal,
          // What is there already is read first, so that nothing old is shown as if it were news; then it goes on behind that.
          ...(until === 'caught-up' ? { from: (partition: number) => startOf(topic, partition) } : {}),
          handle: async (batch) => {
            for (const record of batch.records) orgs.get(orgOfKey(record.key))?.overview.fold(topic, record);
          },
        }),
      ),
    );
  const view = async (org: OrgConfig, messages: readonly string[]): Promise<KrisView | undefined> => {
    const known = orgs.get(org.name);
    if (known === undefined) return undefined;
    const partition = bus.partitionOf(org.name);
    const total = await bus.endOffset(systemLogTopic.name, partition);
    const pushes: readonly LastPush[] = await readPushes(store, partition);
    const events = { total, perSecond: known.rate(total) };
    return toKrisView({ org, overview: known.overview, pushes, now: clock.now(), events, messages });
  };
  return { consume, view };
};

/** A row as it was last printed, so that only changes are. */
const createChanges = (context: Context) => {
  const printed = new Map<string, KriRow>();
  return (view: KrisView): void => {
    for (const row of view.rows) {
      if (row.asOfMs === undefined) continue;
      const key = `${view.org}/${row.slug}`;
      const before = printed.get(key);
      if (before?.value === row.value && before.level === row.level && before.status === row.status) continue;
      printed.set(key, row);
      const previous = before === undefined ? {} : { previous: before.value };
      context.out.write(`${renderChange({ ...row, org: view.org, ...previous })}\n`);
    }
  };
};

/**
 * Shows every org until the signal aborts: a screen that is drawn anew on a terminal, one line a change elsewhere.
 * `messages` are shown below, as they are at each drawing.
 */
export const showLive = async (options: {
  parts: Parts;
  context: Context;
  signal: AbortSignal;
  messages?: () => readonly string[];
}): Promise<void> => {
  const { parts, context, signal, messages = () => [] } = options;
  const { out } = context;
  const views = createLiveViews(parts);
  const changes = createChanges(context);
  await views.consume('caught-up', signal);
  const ended = new AbortController();
  const following = views.consume('stopped', signal).finally(() => ended.abort());
  // Its failure is thrown below, when the screen is left.
  following.catch(() => {});
  const onScreen = out.isTTY === true;
  if (onScreen) out.write(enterScreen);
  try {
    while (!signal.aborted && !ended.signal.aborted) {
      const screens: string[] = [];
      for (const org of parts.config.orgs) {
        const view = await views.view(org, messages());
        if (view === undefined) continue;
        if (onScreen)
          screens.push(renderKris(view, { width: out.columns ?? 100, colour: wantsColour(out, context.environment) }));
        else changes(view);
      }
      if (onScreen) out.write(`${home}${screens.join('\n\n')}\n`);
      await context.clock.sleep(drawEveryMs, signal);
    }
  } finally {
    if (onScreen) out.write(leaveScreen);
  }
  await following;
};
