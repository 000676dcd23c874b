import { type ConnectionCheck, testConnection } from '../../ingest/test-connection.ts';
import { AppError, type ErrorCode, type ExitCode, errorCodes, exitCodes } from '../../runtime/errors.ts';
import type { Config, OrgConfig } from '../config/config.ts';
import { openOkta, toDraxisTarget } from '../connect.ts';
import { type Context, configOf, loggerOf, printJson } from '../context.ts';
import type { OrgOptions } from '../handlers.ts';
import { selectOrgs } from '../queries/select-orgs.ts';
import { printTable } from '../render/table.ts';

/** What `kriver test --json` prints of one org. */
export interface TestReport {
  readonly org: string;
  readonly ok: boolean;
  readonly checks: readonly ConnectionCheck[];
}

type Logger = ReturnType<typeof loggerOf>;

const checkOkta = async (org: OrgConfig, config: Config, context: Context, logger: Logger) => {
  const { okta, close } = openOkta(org, config, context.clock, logger);
  try {
    return await testConnection(okta);
  } finally {
    await close();
  }
};

/** That Draxis takes the token and that its tool can be called with what we have; nothing is pushed. */
const checkDraxis = async (
  org: OrgConfig,
  config: Config,
  context: Context,
  logger: Logger,
): Promise<readonly ConnectionCheck[]> => {
  const what = 'draxis';
  try {
    const draxis = toDraxisTarget(org, config, context.clock, logger);
    if (draxis === undefined) return [];
    try {
      const names = await draxis.client.connect();
      const mapped = [...names].map(([field, name]) => (field === name ? field : `${field} as ${name}`));
      return [{ what, ok: true, detail: `takes the token; sends ${mapped.join(', ')}`, hint: '' }];
    } finally {
      await draxis.close();
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ what, ok: false, detail: error.message, hint: error.hint, code: error.code }];
  }
};

const render = ({ org, checks }: TestReport): string => {
  const table = printTable(
    [{ title: 'Check' }, { title: 'Result' }, { title: 'Detail', maximum: 120 }],
    checks.map(({ what, ok, detail }) => [what, ok ? 'ok' : 'failed', detail]),
  );
  const hints = checks.filter(({ ok }) => !ok).map(({ what, hint }) => `${what}: ${hint}`);
  return [org, '', table, ...(hints.length === 0 ? [] : ['', ...hints])].join('\n');
};

const toExitCode = (code: ErrorCode | undefined): ExitCode =>
  code === undefined ? exitCodes.checkFailed : errorCodes[code];

/** `kriver test`: asks each org for one user and one of everything else, and Draxis for its tool. */
export const test = async (options: OrgOptions, context: Context): Promise<ExitCode> => {
  const config = configOf(options, context);
  const logger = loggerOf(config.logLevel, context);
  const reports: TestReport[] = [];
  for (const org of selectOrgs(config, options.org)) {
    const checks = [
      ...(await checkOkta(org, config, context, logger)),
      ...(await checkDraxis(org, config, context, logger)),
    ];
    reports.push({ org: org.name, ok: checks.every(({ ok }) => ok), checks });
  }
  if (options.json) printJson(context, reports);
  else context.out.write(`${reports.map(render).join('\n\n')}\n`);
  const failed = reports.flatMap(({ checks }) => checks).find(({ ok }) => !ok);
  return failed === undefined ? exitCodes.ok : toExitCode(failed.code);
};
