import type { LogFacts } from '../schemas/log-facts.ts';

/** What Behavior Detection says of velocity in one event. `unknown`: evaluated, but without enough history or data. */
export type VelocityResult = 'positive' | 'negative' | 'unknown';

type NamedResult = readonly [name: string, result: string];

const comma = 44;
const space = 32;
const equalsSign = 61;
const isResultCode = (code: number): boolean => (code >= 65 && code <= 90) || code === 95;

/**
 * Visits the pairs of `{New Device=POSITIVE, Velocity=NEGATIVE}`: debugData.behaviors, a Java map printed as text, not
 * JSON. Names are chosen by admins and may hold commas and equals signs, so a pair ends where `=RESULT` is followed by a
 * comma and a space or by the end. Walks the text once: no regular expression sees what an org's users can write.
 * The name is text[start, equals), the result text(equals, end): cutting them out would cost more than finding them.
 * `from`: where the walk begins, which is the beginning or behind a comma and a space.
 */
const visitBehaviors = (text: string, visit: (start: number, equals: number, end: number) => void, from = 0): void => {
  const inBraces = text.startsWith('{') && text.endsWith('}');
  const last = inBraces ? text.length - 1 : text.length;
  let start = from === 0 && inBraces ? 1 : from;
  for (let end = start; end <= last; end += 1) {
    const isSeparator = text.charCodeAt(end) === comma && text.charCodeAt(end + 1) === space && end + 1 < last;
    if (end < last && !isSeparator) continue;
    let equals = end - 1;
    while (equals > start && isResultCode(text.charCodeAt(equals))) equals -= 1;
    if (equals >= start && equals < end - 1 && text.charCodeAt(equals) === equalsSign) {
      visit(start, equals, end);
      start = end + 2;
    }
    end += 1;
  }
};

/** The pairs of debugData.behaviors. */
export const parseBehaviors = (text: string): readonly NamedResult[] => {
  const pairs: NamedResult[] = [];
  visitBehaviors(text, (start, equals, end) => pairs.push([text.slice(start, equals), text.slice(equals + 1, end)]));
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
export const carriesBehaviors = (facts: LogFacts): boolean =>
  (facts.userBehaviors !== null && facts.userBehaviors.length > 0) ||
  facts.behaviors?.includes('=') ||
  (facts.logOnlySecurityData !== null && parseLogOnlyBehaviors(facts.logOnlySecurityData).length > 0);

const velocity = /velocity/i;

/** True when a text holds "velocity" in any case. */
export const mentionsVelocity = (text: string): boolean => velocity.test(text);

/** Where to begin with the pairs of a text that mentions velocity: behind the last separator before the mention. */
const startOfMention = (text: string): number | undefined => {
  const mention = text.search(velocity);
  if (mention < 0) return undefined;
  const separator = text.lastIndexOf(', ', mention);
  return separator < 0 ? 0 : separator + 2;
};

/** POSITIVE anywhere is positive, and then NEGATIVE holds more than a result that says neither. */
const combine = (found: VelocityResult | undefined, result: string): VelocityResult => {
  if (found === 'positive' || result === 'POSITIVE') return 'positive';
  return found === 'negative' || result === 'NEGATIVE' ? 'negative' : 'unknown';
};

/**
 * The velocity result of an event, from all three places where Okta puts behaviours: POSITIVE anywhere is positive.
 * Undefined when no velocity behaviour was evaluated. `names`: as IndicatorSettings.velocityNames.
 */
export const velocityResult = (facts: LogFacts, names: readonly string[]): VelocityResult | undefined => {
  const { userBehaviors, behaviors, logOnlySecurityData } = facts;
  const isVelocity = (name: string): boolean =>
    names.length === 0 ? mentionsVelocity(name) : names.includes(name.toLowerCase());
  let found: VelocityResult | undefined;
  const see = ([name, result]: NamedResult): void => {
    if (isVelocity(name)) found = combine(found, result);
  };
  if (userBehaviors !== null) userBehaviors.forEach(see);
  if (behaviors !== null) {
    // The pairs before the first mention are of no interest, and neither is how the name of the first one begins.
    const from = names.length === 0 ? startOfMention(behaviors) : 0;
    if (from !== undefined) {
      visitBehaviors(
        behaviors,
        (start, equals, end) => {
          if (isVelocity(behaviors.slice(start, equals))) found = combine(found, behaviors.slice(equals + 1, end));
        },
        from,
      );
    }
  }
  if (logOnlySecurityData !== null) parseLogOnlyBehaviors(logOnlySecurityData).forEach(see);
  return found;
};
