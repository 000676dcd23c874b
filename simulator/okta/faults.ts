/** A request as faults and tests see it. `pattern` is the route with `{id}` for ids; `ordinal` counts from 1 per pattern. */
export interface SeenRequest {
  method: string;
  path: string;
  query: string;
  pattern: string;
  ordinal: number;
  atMs: number;
}

export type Fault =
  /** Any status with Okta's body for it, or the given one. */
  | { kind: 'status'; status: number; body?: string; headers?: Record<string, string> }
  /** 200 with an HTML page, as a proxy or a login page would send. */
  | { kind: 'html' }
  /** 200 with this text in place of the answer. */
  | { kind: 'body'; body: string; contentType?: string }
  /** The true answer, cut after so many bytes; then the socket dies. */
  | { kind: 'cut'; bytes: number }
  /** The socket dies before any header. */
  | { kind: 'reset' }
  /** Nothing comes for so long (simulated), then the true answer; without a time, nothing ever comes. */
  | { kind: 'stall'; durationMs?: number }
  /** The true answer with this `next` link; null leaves it out. */
  | { kind: 'next'; href: string | null }
  /** The true answer whose `next` is the request itself. */
  | { kind: 'repeat' }
  | { kind: 'redirect'; location: string };

export type FaultScript = (request: SeenRequest, ordinal: number) => Fault | undefined;

export interface FaultRule {
  fault: Fault;
  /** A route pattern such as `/api/v1/users/{id}/factors`, a path, or a beginning with `*`; every request without it. */
  path?: string;
  /** Matching requests to let through first. */
  skip?: number;
  /** How many to spoil after that; without it, until cleared. */
  times?: number;
}

const applies = (path: string, request: SeenRequest): boolean =>
  path.endsWith('*') ? request.path.startsWith(path.slice(0, -1)) : path === request.pattern || path === request.path;

/** Rules that can be added while the server runs; the first that applies wins. */
export const createFaultRules = () => {
  let rules: { rule: FaultRule; seen: number }[] = [];
  return {
    add: (rule: FaultRule): void => {
      rules.push({ rule, seen: 0 });
    },
    clear: (): void => {
      rules = [];
    },
    decide(request: SeenRequest): Fault | undefined {
      for (const entry of rules) {
        const { path, skip = 0, times = Number.POSITIVE_INFINITY, fault } = entry.rule;
        if (path !== undefined && !applies(path, request)) continue;
        entry.seen++;
        if (entry.seen > skip && entry.seen <= skip + times) return fault;
      }
      return undefined;
    },
  };
};
