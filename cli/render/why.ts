import type {
  DenialsItem,
  EvidenceItem,
  PersonItem,
  RuleItem,
  SessionItem,
  SignInItem,
} from '../../processors/explain/evidence.ts';
import type { WhyReport } from '../queries/why.ts';
import { indicatorOf } from '../shown-reading.ts';
import { formatCount, formatValue } from './quantities.ts';
import { type Column, printTable } from './table.ts';
import { cleanText } from './text.ts';

interface Layout<Item extends EvidenceItem> {
  readonly columns: readonly Column[];
  readonly row: (item: Item) => readonly string[];
}

const shownTime = (timestamp: string | undefined): string => timestamp?.slice(0, 19).replace('T', ' ') ?? '—';

const personOf = ({ user, name }: { user: string | null; name: string | null }): string =>
  name === null || user === null ? (name ?? user ?? 'nobody named') : `${name} (${user})`;

const person: Column = { title: 'Person', maximum: 56 };

const signIns: Layout<SignInItem> = {
  columns: [
    { title: 'Newest event (UTC)' },
    person,
    { title: 'Countries', maximum: 40 },
    { title: 'Velocity' },
    { title: 'Events', align: 'right' },
  ],
  row: (item) => [
    shownTime(item.at),
    personOf(item),
    item.countries.join(', '),
    item.result,
    formatCount(item.times.length),
  ],
};

const denials: Layout<DenialsItem> = {
  columns: [
    person,
    { title: 'Denied', align: 'right' },
    { title: 'First (UTC)' },
    { title: 'Last (UTC)' },
    { title: 'Countries', maximum: 40 },
  ],
  row: (item) => [
    personOf(item),
    formatCount(item.count),
    shownTime(item.times[0]),
    shownTime(item.at),
    item.countries.join(', '),
  ],
};

const endings = { end: 'signed out', ended: 'ended from another session', clear: 'cleared' } as const;

const sessions: Layout<SessionItem> = {
  columns: [
    person,
    { title: 'Session', maximum: 40 },
    { title: 'Start (UTC)' },
    { title: 'End (UTC)' },
    { title: 'Hours', align: 'right' },
    { title: 'How it ended' },
  ],
  row: (item) => [
    personOf(item),
    item.session,
    shownTime(item.start),
    shownTime(item.end),
    item.hours.toFixed(1),
    endings[item.ended],
  ],
};

const people: Layout<PersonItem> = {
  columns: [person, { title: 'Factors', maximum: 60 }],
  row: (item) => [personOf(item), item.factors.length === 0 ? 'none' : item.factors.join(', ')],
};

const holders: Layout<PersonItem> = {
  columns: [person, { title: 'Apps', maximum: 80 }],
  row: (item) => [personOf(item), item.apps.join(', ')],
};

const rules: Layout<RuleItem> = {
  columns: [
    { title: 'Policy', maximum: 36 },
    { title: 'Rule', maximum: 36 },
    { title: 'Demands' },
    { title: 'Why', maximum: 120 },
  ],
  row: (item) => [item.policy.name ?? item.policy.id, item.rule.name ?? item.rule.id, item.demands, item.why],
};

/** All items of a report are of one kind. */
const layoutOf = (report: WhyReport): Layout<EvidenceItem> => {
  const isHolders = report.slug === 'okta_inactive_users_with_app_access';
  const layouts = { 'sign-in': signIns, denials, session: sessions, person: isHolders ? holders : people, rule: rules };
  return layouts[report.items[0]?.kind ?? 'person'] as Layout<EvidenceItem>;
};

const countsText = ({ draxis, corrected }: EvidenceItem): string => {
  if (draxis && corrected) return 'both';
  return draxis ? 'draxis only' : 'corrected only';
};

const headOf = (report: WhyReport): readonly string[] => {
  const { reading, definition, slug } = report;
  const indicator = indicatorOf(slug);
  const other = definition === 'draxis' ? 'corrected' : 'draxis';
  const unit = indicator.unit === 'percent' ? '%' : '';
  const status = ({ status, reason }: (typeof reading)['draxis']) =>
    status === 'ok' ? '' : ` (${status}${reason === undefined ? '' : `: ${reason}`})`;
  const figure = (of: 'draxis' | 'corrected') =>
    `${formatValue(reading[of].value, unit)}${status(reading[of])} by the ${of} definition`;
  return [
    `${report.org}: ${indicator.title}, ${report.asOf.slice(0, 16).replace('T', ' ')} UTC`,
    `${figure(definition)}, ${figure(other)}`,
    indicator.difference,
  ];
};

const whatOf = (report: WhyReport): string => {
  const isPercentage = indicatorOf(report.slug).unit === 'percent';
  const { draxis, corrected } = report.counted;
  const [first, second] =
    report.definition === 'draxis'
      ? [`${draxis} draxis`, `${corrected} corrected`]
      : [`${corrected} corrected`, `${draxis} draxis`];
  return `${isPercentage ? 'People who lack it' : 'What is counted'}: ${first}, ${second}.`;
};

/** What a reading counted, as a table of at most the items that the report holds; always says how many there are. */
export const renderWhy = (report: WhyReport): string => {
  const { items, total } = report;
  const layout = layoutOf(report);
  const table =
    items.length === 0
      ? []
      : [
          '',
          printTable(
            [...layout.columns, { title: 'Counts by' }],
            items.map((item) => [...layout.row(item), countsText(item)]),
          ),
        ];
  const shown = report.truncated ? [`${items.length} of ${formatCount(total)} are shown; --json lists all.`] : [];
  const doubt = report.matches
    ? []
    : ['The reading was made of something else: the topics no longer keep all of it, or settings changed since.'];
  return [...headOf(report).map(cleanText), ...table, '', whatOf(report), ...shown, ...doubt].join('\n');
};
