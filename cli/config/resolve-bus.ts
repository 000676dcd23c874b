import { type KafkaSettings, kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import type { BusConfig } from './config.ts';
import type { TokenSources } from './credentials.ts';
import { isGroup } from './environment.ts';
import type { Problem } from './problem.ts';
import { resolveSection } from './resolve-section.ts';

/** The bus that is configured, and what is wrong with its section. The settings of Kafka count only when it is chosen. */
export const resolveBus = (
  raw: unknown,
  sources: TokenSources,
): { readonly bus: BusConfig | undefined; readonly problems: readonly Problem[] } => {
  const written = isGroup(raw) ? raw : {};
  const { kind, ...rest } = written;
  if (kind === undefined && rest['brokers'] !== undefined) return { bus: undefined, problems: [unchosen] };
  if (kind !== 'kafka') return { bus: { kind: 'lmdb' }, problems: [] };
  const { settings, problems } = resolveSection(kafkaSettingsSchema, { path: 'bus', raw: rest, sources });
  if (settings === undefined) return { bus: undefined, problems };
  return { bus: { kind: 'kafka', kafka: settings }, problems: [...problems, ...findUnsafe(settings, rest)] };
};

const unchosen: Problem = {
  path: 'bus.kind',
  problem: 'Brokers are given, but without kind: kafka nothing would be sent to them.',
  hint: 'Write kind: kafka, or remove the brokers to keep the log in data_dir.',
};

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

const isNear = (broker: string): boolean => loopback.test(broker.slice(0, broker.lastIndexOf(':')));

/** What would send a password where others can read it, or leave out a protection that was asked for. */
const findUnsafe = ({ brokers, tls, sasl, registry }: KafkaSettings, written: Record<string, unknown>): Problem[] => {
  const problems: Problem[] = [];
  if (!tls.enabled && sasl !== undefined && !brokers.every(isNear))
    problems.push({
      path: 'bus.tls.enabled',
      problem: 'The password of bus.sasl would go over the network in the clear.',
      hint: 'Write tls: {enabled: true}; with an authority of your own, name its certificate in tls.ca_file.',
    });
  const files = isGroup(written['tls']) ? Object.keys(written['tls']).filter((key) => key.endsWith('_file')) : [];
  if (!tls.enabled && files.length > 0)
    problems.push({
      path: 'bus.tls.enabled',
      problem: 'Files for TLS are named, but TLS is off.',
      hint: `Write enabled: true, or remove ${files.join(', ')}.`,
    });
  if ((tls.certificate === undefined) !== (tls.key === undefined))
    problems.push({
      path: tls.key === undefined ? 'bus.tls.key_file' : 'bus.tls.certificate_file',
      problem: 'A certificate and its key are only of use together.',
      hint: 'Name both certificate_file and key_file, or neither.',
    });
  if (
    registry?.password !== undefined &&
    registry.url.startsWith('http:') &&
    !loopback.test(new URL(registry.url).hostname)
  )
    problems.push({
      path: 'bus.registry.url',
      problem: 'The password of bus.registry would go over the network in the clear.',
      hint: 'Write the https URL of the registry.',
    });
  return problems;
};

/** What several processes cannot share: the embedded engine, and a push state that nobody would keep. */
export const findUnshareable = (
  bus: BusConfig | undefined,
  clickHouseKind: unknown,
  orgs: readonly (object | undefined)[],
): Problem[] => {
  if (bus?.kind !== 'kafka') return [];
  if (clickHouseKind === 'embedded')
    return [
      {
        path: 'clickhouse.kind',
        problem: 'With bus.kind: kafka several processes need the tables, and the embedded engine serves one.',
        hint: 'Write clickhouse: {kind: server, url: https://clickhouse.example.com:8443}, or kind: none to store nothing for SQL.',
      },
    ];
  if (clickHouseKind !== 'none') return [];
  return orgs.flatMap((org, index) =>
    org !== undefined && 'draxis' in org && org.draxis !== undefined
      ? [
          {
            path: `orgs[${index}].draxis`,
            problem: 'With bus.kind: kafka what was pushed is remembered in ClickHouse, and clickhouse.kind is none.',
            hint: 'Write clickhouse: {kind: server} with its url, or remove draxis: a value could otherwise be pushed twice, or an old one after a newer.',
          },
        ]
      : [],
  );
};
