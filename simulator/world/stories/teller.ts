import type { App } from '../apps.ts';
import { type Draft, type PlannedEvent, planEvent, type Scene } from '../event.ts';
import type { Label } from '../labels.ts';
import type { WorldOptions } from '../options.ts';
import type { Person } from '../people.ts';
import { createRandom, type Random, toHex, toOktaId, toRequestId, toSessionId } from '../random.ts';

/** What a story needs to be told: who may appear in it, and a source of chance of its own. */
export interface Stage {
  options: WorldOptions;
  random: Random;
  actors: readonly Person[];
  apps: readonly App[];
}

export const toTransactionId = (stage: Stage): string =>
  stage.options.engine === 'idx' ? toHex(stage.random, 32) : toRequestId(stage.random);

/** Okta sessions of people are called `102…`, in Identity Engine orgs mostly `idx…`. */
export const toUserSessionId = (stage: Stage): string =>
  toSessionId(stage.random, stage.options.engine === 'idx' && stage.random.chance(0.7) ? 'idx' : '102');

/** A person at their usual desk. */
export const toScene = (stage: Stage, person: Person, sessionId: string | null): Scene => ({
  seed: stage.options.seed,
  engine: stage.options.engine,
  person,
  place: person.home,
  address: person.address,
  agent: person.agent,
  sessionId,
  transactionId: toTransactionId(stage),
});

export const tell = (
  stage: Stage,
  scene: Scene,
  atMs: number,
  draft: Draft,
  labels?: readonly Label[],
  prompt?: boolean,
): PlannedEvent => planEvent(stage.random, stage.options.rates, scene, Math.floor(atMs), draft, labels, prompt);

export const success = { result: 'SUCCESS', reason: null } as const;

/** The ids of the org's sign-on policy and its rule, which every sign-in names. */
export const toSignOnPolicy = (seed: number | string) => {
  const random = createRandom(seed, 'sign-on policy');
  return { policyId: toOktaId(random, '00p'), ruleId: toOktaId(random, '0pr') };
};
