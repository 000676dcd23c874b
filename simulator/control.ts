import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { createInjection } from './injection.ts';
import { type Listening, listenOnLoopback } from './listen.ts';
import type { Fault } from './okta/faults.ts';
import type { OktaServer } from './okta/server.ts';
import { createPostureEdits } from './posture-edits.ts';
import { truthAt } from './truth.ts';
import { type FactorKind, isFactorKind } from './world/factors.ts';
import type { Label } from './world/labels.ts';
import { isRuleShapeName, type RuleShapeName } from './world/rule-shapes.ts';
import type { World } from './world/world.ts';

const bodyLimit = 1_000_000;

const storyBody = z.strictObject({
  story: z.enum(['deny_push', 'push_look_alike', 'travel', 'sign_in', 'admin_session']),
  user: z.string().optional(),
  count: z.int().min(0).max(1000).optional(),
  hours: z.number().min(0).max(1000).optional(),
  ending: z.enum(['end', 'endTwice', 'endedSessionId', 'clear', 'otherId', 'never', 'endOnly', 'transient']).optional(),
  at: z.iso.datetime().optional(),
});
const eventBody = z.looseObject({ labels: z.array(z.looseObject({ kind: z.string() })).optional() });
const factorStatus = z.enum([
  'ACTIVE',
  'PENDING_ACTIVATION',
  'INACTIVE',
  'ENROLLED',
  'EXPIRED',
  'NOT_SETUP',
  'DISABLED',
]);
const userBody = z.strictObject({
  status: z
    .enum([
      'STAGED',
      'PROVISIONED',
      'ACTIVE',
      'RECOVERY',
      'PASSWORD_EXPIRED',
      'LOCKED_OUT',
      'SUSPENDED',
      'DEPROVISIONED',
    ])
    .optional(),
  factors: z
    .array(z.strictObject({ kind: z.custom<FactorKind>(isFactorKind), status: factorStatus.optional() }))
    .optional(),
  apps: z.array(z.string()).optional(),
  log: z.boolean().optional(),
});
const ruleBody = z.strictObject({
  status: z.enum(['ACTIVE', 'INACTIVE']).optional(),
  shape: z.custom<RuleShapeName>(isRuleShapeName).optional(),
  remove: z.boolean().optional(),
  log: z.boolean().optional(),
});
const policyBody = z.strictObject({ status: z.enum(['ACTIVE', 'INACTIVE']), log: z.boolean().optional() });
const faultKinds = ['status', 'html', 'body', 'cut', 'reset', 'stall', 'next', 'repeat', 'redirect'] as const;
const faultsBody = z.strictObject({
  clear: z.boolean().optional(),
  add: z
    .array(
      z.strictObject({
        fault: z.looseObject({ kind: z.enum(faultKinds) }),
        path: z.string().optional(),
        skip: z.int().optional(),
        times: z.int().optional(),
      }),
    )
    .optional(),
  forbid: z.array(z.string()).optional(),
  allow: z.array(z.string()).optional(),
});

export interface ControlOptions {
  world: World;
  okta: OktaServer;
}

interface Answer {
  status: number;
  body: unknown;
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const notFound: Answer = { status: 404, body: { error: 'not found' } };
const orNotFound = (uuids: string[] | undefined): Answer => (uuids === undefined ? notFound : ok({ uuids }));

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > bodyLimit) throw new Error('the body is too large');
    chunks.push(chunk as Buffer);
  }
  return size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
};

/**
 * Hands on the simulated org, on a port of its own so that nothing of it mixes with Okta's paths: POST
 * /_simulator/{events,users/ID,policies/ID,policies/ID/rules/ID,faults}, GET /_simulator/{truth,requests,state}.
 * Bodies that say something unknown are refused with 400 and the reason.
 */
export const createControlServer = ({ world, okta }: ControlOptions) => {
  const { clock } = world.options;
  const injection = createInjection(world);
  const edits = createPostureEdits(world, injection);

  const state = () => {
    const nowMs = clock.now();
    const users = world.posture.usersAt(nowMs);
    const statuses: Record<string, number> = {};
    for (const user of users) statuses[user.status] = (statuses[user.status] ?? 0) + 1;
    return {
      seed: world.options.seed,
      engine: world.options.engine,
      now: new Date(nowMs).toISOString(),
      origin: new Date(world.originMs).toISOString(),
      users: { total: users.length, statuses },
      apps: world.posture.apps.map(({ instanceId, label }) => ({ instanceId, label })),
      policies: world.posture.policiesAt(nowMs).map(({ id, name, status, rules }) => ({ id, name, status, rules })),
    };
  };

  const post = (parts: readonly string[], body: unknown): Answer => {
    const [kind, id, rules, ruleId] = parts;
    if (kind === 'events' && id === undefined) {
      if (typeof body === 'object' && body !== null && 'story' in body) {
        const { at, ...story } = storyBody.parse(body);
        return ok({ uuids: injection.story({ ...story, atMs: at === undefined ? undefined : Date.parse(at) }) });
      }
      const { labels, ...partial } = eventBody.parse(body);
      return ok({ uuids: injection.event(partial, (labels ?? []) as unknown as Label[]) });
    }
    if (kind === 'users' && id !== undefined && rules === undefined)
      return orNotFound(edits.user(id, userBody.parse(body)));
    if (kind === 'policies' && id !== undefined && rules === undefined) {
      const { status, log } = policyBody.parse(body);
      return orNotFound(edits.policy(id, status, log));
    }
    if (kind === 'policies' && id !== undefined && rules === 'rules' && ruleId !== undefined) {
      return orNotFound(edits.rule(id, ruleId, ruleBody.parse(body)));
    }
    if (kind === 'faults' && id === undefined) {
      const change = faultsBody.parse(body);
      if (change.clear) okta.faults.clear();
      for (const { fault, path, skip, times } of change.add ?? []) {
        okta.faults.add({
          fault: fault as unknown as Fault,
          ...(path === undefined ? {} : { path }),
          ...(skip === undefined ? {} : { skip }),
          ...(times === undefined ? {} : { times }),
        });
      }
      change.forbid?.forEach(okta.forbid);
      change.allow?.forEach(okta.allow);
      return ok({});
    }
    return notFound;
  };

  const get = (parts: readonly string[], query: URLSearchParams): Answer => {
    const [kind, more] = parts;
    if (more !== undefined) return notFound;
    if (kind === 'state') return ok(state());
    if (kind === 'requests') return ok(okta.requests());
    if (kind !== 'truth') return notFound;
    const at = query.get('at');
    const atMs = at === null ? Math.floor(clock.now() / 60_000) * 60_000 : Date.parse(at);
    if (Number.isNaN(atMs)) return { status: 400, body: { error: 'at is not a date' } };
    return ok({ at: new Date(atMs).toISOString(), kris: truthAt(world, atMs) });
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [, root, ...parts] = url.pathname.split('/');
    if (root !== '_simulator') return notFound;
    if (request.method === 'GET') return get(parts, url.searchParams);
    if (request.method !== 'POST') return { status: 405, body: { error: 'GET or POST' } };
    return post(parts, await readBody(request));
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch(
        (error: unknown): Answer => ({
          status: 400,
          body: { error: error instanceof Error ? error.message : String(error) },
        }),
      )
      .then(({ status, body }) => {
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(body));
      });
  });

  return {
    listen: (port = 0): Promise<Listening> => listenOnLoopback(server, port, '/_simulator'),
    injection,
    edits,
  };
};
