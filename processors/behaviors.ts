import type { Facts } from '../schemas/facts.ts';

/** What Behavior Detection says of velocity in one event. `unknown`: evaluated, but without enough history or data. */
export type VelocityResult = 'positive' | 'negative' | 'unknown';

type NamedResult = readonly [name: string, result: string];

/** True when [from, to) of the text is a result: capital letters and underscores. */
const isResult = (text: string, from: number, to: number): boolean => {
  if (from >= to) return false;
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    if (!((code >= 65 && code <= 90) || code === 95)) return false;
  }
  return true;
};

/**
 * The pairs of `{New Device=POSITIVE, Velocity=NEGATIVE}`: debugData.behaviors, a Java map printed as text, not JSON.
 * Names are chosen by admins and may hold commas and equals signs, so a pair ends where `=RESULT` is followed by a
 * comma and a space or by the end. Walks the text once: no regular expression sees what an org's users can write.
 */
export const parseBehaviors = (text: string): readonly NamedResult[] => {
  const body = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const pairs: NamedResult[] = [];
  let start = 0;
  let position = 0;
  while (start < body.length) {
    const comma = body.indexOf(', ', position);
    const end = comma < 0 ? body.length : comma;
    const equals = body.lastIndexOf('=', end - 1);
    if (equals >= start && isResult(body, equals + 1, end)) {
      pairs.push([body.slice(start, equals), body.slice(equals + 1, end)]);
      start = end + 2;
    } else if (comma < 0) {
      break;
    }
    position = end + 2;
  }
  return pairs;
};

/** The behaviours of debugData.logOnlySecurityData: JSON as text, evaluated for logging but not by a policy. */
export const parseLogOnlyBehaviors = (text: string): readonly NamedResult[] => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const behaviors = typeof value === 'object' && value !== null ? (value as { behaviors?: unknown }).behaviors : null;
  if (typeof behaviors !== 'object' || behaviors === null) return [];
  return Object.entries(behaviors).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
};

/** True when the event carries behaviours in any encoding, whatever they say. */
export const carriesBehaviors = (facts: Facts): boolean =>
  (facts.userBehaviors !== null && facts.userBehaviors.length > 0) ||
  facts.behaviors?.includes('=') ||
  (facts.logOnlySecurityData !== null && parseLogOnlyBehaviors(facts.logOnlySecurityData).length > 0);

/** True when the text holds "velocity" in any case: asked of every event, so first of the usual spelling. */
export const mentionsVelocity = (text: string): boolean =>
  text.includes('Velocity') || text.toLowerCase().includes('velocity');

/**
 * The velocity result of an event, from all three places where Okta puts behaviours: POSITIVE anywhere is positive.
 * Undefined when no velocity behaviour was evaluated. `names`: as IndicatorSettings.velocityNames.
 */
export const velocityResult = (facts: Facts, names: readonly string[]): VelocityResult | undefined => {
  const isVelocity = (name: string): boolean =>
    names.length === 0 ? mentionsVelocity(name) : names.includes(name.toLowerCase());
  let found: VelocityResult | undefined;
  const see = (pairs: readonly NamedResult[]): void => {
    for (const [name, result] of pairs) {
      if (!isVelocity(name)) continue;
      if (result === 'POSITIVE') found = 'positive';
      else if (result === 'NEGATIVE') found = found === 'positive' ? found : 'negative';
      else found ??= 'unknown';
    }
  };
  if (facts.userBehaviors !== null) see(facts.userBehaviors);
  if (facts.behaviors !== null) see(parseBehaviors(facts.behaviors));
  if (facts.logOnlySecurityData !== null) see(parseLogOnlyBehaviors(facts.logOnlySecurityData));
  return found;
};
