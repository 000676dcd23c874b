import { createRandom, type Random, toOktaId } from './random.ts';

/** What Behavior Detection found. NEGATIVE means evaluated and nothing found; UNKNOWN too little history. */
export type BehaviorResult = 'POSITIVE' | 'NEGATIVE' | 'UNKNOWN' | 'BAD_REQUEST';

/** Where an event carries it: the Java-map text, the JSON text of what was only logged, or the structured array. */
export type BehaviorEncoding = 'behaviors' | 'logOnly' | 'userBehaviors' | 'all';

export interface Evaluated {
  encoding: BehaviorEncoding;
  results: readonly (readonly [name: string, result: BehaviorResult])[];
}

/** The behaviours that the org's admins set up. The name is theirs to choose; only the type says velocity. */
export const behaviorRules = [
  { name: 'New Geo-Location', type: 'ANOMALOUS_LOCATION' },
  { name: 'New Device', type: 'ANOMALOUS_DEVICE' },
  { name: 'New IP', type: 'ANOMALOUS_IP' },
  { name: 'New State', type: 'ANOMALOUS_LOCATION' },
  { name: 'New Country', type: 'ANOMALOUS_LOCATION' },
  { name: 'Velocity', type: 'VELOCITY' },
  { name: 'Velocity Behavior', type: 'VELOCITY' },
  { name: 'New City', type: 'ANOMALOUS_LOCATION' },
] as const;

export const toBehaviorId = (seed: number | string, name: string): string =>
  toOktaId(createRandom(seed, 'behavior', name), 'bhv');

/** All the org's behaviours with the given result for velocity, under its usual or its other name. */
export const evaluate = (random: Random, velocity: BehaviorResult, encoding: BehaviorEncoding): Evaluated => {
  const velocityName = random.chance(0.15) ? 'Velocity Behavior' : 'Velocity';
  const others: BehaviorResult[] = [
    'NEGATIVE',
    'NEGATIVE',
    'NEGATIVE',
    'NEGATIVE',
    'POSITIVE',
    'UNKNOWN',
    'BAD_REQUEST',
  ];
  const results = behaviorRules
    .filter((rule) => rule.type !== 'VELOCITY' || rule.name === velocityName)
    .map((rule) => [rule.name, rule.type === 'VELOCITY' ? velocity : random.pick(others)] as const);
  return { encoding, results };
};

/** `{New Device=POSITIVE, Velocity=NEGATIVE}`: Java's Map.toString, not JSON. */
export const toJavaMap = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([name, value]) => `${name}=${value}`).join(', ')}}`;

export const carriesText = (evaluated: Evaluated | undefined): boolean =>
  evaluated !== undefined && (evaluated.encoding === 'behaviors' || evaluated.encoding === 'all');
