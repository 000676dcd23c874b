import type { Logger } from 'pino';
import { createOktaClient, type OktaClient } from '../ingest/okta/client.ts';
import { createDispatcher } from '../ingest/okta/dispatcher.ts';
import type { Clock } from '../runtime/clock.ts';
import { createDraxisClient } from '../sinks/draxis/client.ts';
import type { DraxisTarget } from '../sinks/draxis/run-draxis.ts';
import type { Config, OrgConfig } from './config/config.ts';

/** One client an org: its base URL, its token, its rate budget. */
export const openOkta = (org: OrgConfig, config: Config, clock: Clock, logger: Logger) => {
  const dispatcher = createDispatcher({
    allowLoopback: config.allowLoopback,
    ...(config.network.proxy === undefined ? {} : { proxy: config.network.proxy.reveal() }),
    ...(config.network.certificateAuthorities === undefined ? {} : { ca: config.network.certificateAuthorities }),
  });
  const okta = createOktaClient({
    baseUrl: org.baseUrl,
    token: org.token,
    dispatcher,
    clock,
    random: Math.random,
    rateShare: org.ingest.rate_share,
    concurrency: org.ingest.concurrency,
    attempts: org.ingest.request_attempts,
    maxBodyBytes: org.ingest.max_response_bytes,
    onRetry: ({ error, waitMs }) =>
      logger.debug({ component: 'okta', org: org.name, waitMs }, `${error.message} It is tried again.`),
  });
  return { okta, close: () => dispatcher.close() };
};

export const toDraxisTarget = (org: OrgConfig, config: Config, clock: Clock, logger: Logger) => {
  if (org.draxis === undefined) return undefined;
  const { settings, token } = org.draxis;
  const client = createDraxisClient({
    url: settings.url,
    token,
    argumentNames: settings.argument_names,
    fixedArguments: settings.fixed_arguments,
    clock,
    logger,
    allowLoopback: config.allowLoopback,
  });
  const target: DraxisTarget = {
    client,
    settings: {
      cadence: settings.cadence,
      minimumCoverage: settings.minimum_coverage,
      latenessMs: config.allowedLatenessMinutes * 60_000,
      selected: new Set(org.kris),
      definitions: org.definitions,
      names: settings.slugs,
    },
  };
  return { target, client, close: () => client.close() };
};

/** What is to be closed at the end, in reverse. */
export type Closing = (() => Promise<unknown>)[];

export const connectOkta = (config: Config, clock: Clock, logger: Logger, closing: Closing) => {
  const clients = new Map<string, OktaClient>();
  for (const org of config.orgs) {
    const opened = openOkta(org, config, clock, logger);
    clients.set(org.name, opened.okta);
    closing.push(opened.close);
  }
  return clients;
};

export const connectDraxis = (config: Config, clock: Clock, logger: Logger, closing: Closing) => {
  const targets = new Map<string, DraxisTarget>();
  for (const org of config.orgs) {
    const opened = toDraxisTarget(org, config, clock, logger);
    if (opened === undefined) continue;
    targets.set(org.name, opened.target);
    closing.push(opened.close);
  }
  return targets;
};
