import { createRandom, toOktaId } from './random.ts';

export interface App {
  instanceId: string;
  name: string;
  label: string;
  /** Labels of its links on a person's dashboard: one app may have several. */
  links: readonly string[];
}

const catalogue: readonly (readonly [name: string, label: string, links: readonly string[]])[] = [
  ['google', 'Google Workspace', ['Google Apps Mail', 'Google Apps Calendar', 'Google Apps Drive']],
  ['boxnet', 'Box', ['Box']],
  ['salesforce', 'Salesforce.com', ['Salesforce.com']],
  ['slack', 'Slack', ['Slack']],
  ['github_enterprise', 'GitHub Enterprise', ['GitHub Enterprise']],
  ['workday', 'Workday', ['Workday']],
  ['amazon_aws', 'AWS Account Federation', ['AWS Account Federation']],
  ['jira_onprem', 'Jira, "Service" & Co.', ['Jira']],
];

/** The org's applications: a function of the seed. */
export const toApps = (seed: number | string): App[] =>
  catalogue.map(([name, label, links], index) => ({
    instanceId: toOktaId(createRandom(seed, 'app', index), '0oa'),
    name,
    label,
    links,
  }));
