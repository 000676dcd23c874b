import { createVirtualClock } from '../../runtime/clock.ts';
import { createWorld, type World } from '../../simulator/index.ts';
import type { WorldSettings } from '../../simulator/world/options.ts';
import type { Served } from '../../simulator/world/world.ts';

export const startMs = Date.parse('2026-06-10T09:00:00.000Z');

/** A world whose clock stands at its start. */
export const worldAt = (settings: Partial<WorldSettings> = {}): World =>
  createWorld({ clock: createVirtualClock(startMs), startMs, ...settings });

/** Everything the log has served by now, repetitions included, in the order it was served. */
export const everythingServed = (world: World, pageSize = 1000): Served[] => {
  const served: Served[] = [];
  let position = { ms: 0, n: 0 };
  for (;;) {
    const page = world.persistedAfter(position, world.options.clock.now(), pageSize);
    const last = page.at(-1);
    if (last === undefined) return served;
    served.push(...page);
    position = last.position;
  }
};

export interface WireEvent {
  uuid: string;
  eventType: string;
  published: string;
  actor: { id: string };
  authenticationContext: { externalSessionId: string | null };
  transaction: { id: string };
  outcome: { result: string; reason: string | null } | null;
  target: { id: string; type: string }[] | null;
  client: Record<string, unknown>;
  debugContext: { debugData: Record<string, string> };
  securityContext: { userBehaviors?: { name: string; result: string }[] };
}

/** The distinct events that were served, parsed from their bytes. */
export const parseServed = (world: World): WireEvent[] => {
  const events = new Map<string, WireEvent>();
  for (const { event } of everythingServed(world)) events.set(event.uuid, JSON.parse(event.json()));
  return [...events.values()];
};
