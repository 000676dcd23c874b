import { describe, expect, it } from 'vitest';
import { wantsColour } from '../../cli/render/colour.ts';
import { renderKris } from '../../cli/render/kris.ts';
import { progressBar } from '../../cli/render/progress-bar.ts';
import { formatAge, formatCount, formatDuration, formatShare, formatValue } from '../../cli/render/quantities.ts';
import { renderChange, renderReport } from '../../cli/render/report.ts';
import { sparkline } from '../../cli/render/sparkline.ts';
import { printTable } from '../../cli/render/table.ts';
import { cleanText, displayWidth, truncate } from '../../cli/render/text.ts';
import type { KriRow, KrisView } from '../../cli/render/view.ts';

const now = Date.parse('2026-03-01T14:03:20.000Z');
const asOfMs = Date.parse('2026-03-01T14:03:00.000Z');

const adoption: KriRow = {
  slug: 'okta_mfa_adoption_pct',
  title: 'MFA adoption',
  value: 92.4,
  unit: '%',
  otherValue: 91,
  otherDefinition: 'corrected',
  level: 'amber',
  history: [90, 91, 92, 93, 94, 95, 96, 97],
  coverage: 0.839,
  status: 'partial',
  reason: 'first sweep',
  asOfMs,
  lastPush: { value: 92.3, asOfMs: asOfMs - 600_000, outcome: 'ok' },
};
const travel: KriRow = {
  slug: 'okta_impossible_travel_24h',
  title: 'Impossible travel',
  value: 1204,
  unit: '',
  level: 'red',
  history: [0, 0, null, 4],
  coverage: 1,
  status: 'ok',
  asOfMs,
};
const sessions: KriRow = {
  slug: 'okta_admin_session_outliers_24h',
  title: 'Admin sessions over 8 h',
  value: null,
  unit: '',
  level: 'unknown',
  history: [],
  coverage: 0,
  status: 'unknown',
  reason: 'no data',
  asOfMs: undefined,
};

const view: KrisView = {
  org: 'acme',
  now,
  rows: [adoption, travel, sessions],
  ingest: { eventsPerSecond: 4.25, eventsTotal: 3_204_113, asOfMs: now - 12_000, lagMs: 2000 },
  sweeps: [
    { kind: 'users', read: 2000, wanted: 2000, completed: true },
    { kind: 'factors', read: 1120, wanted: 2000, completed: false },
    { kind: 'policies', read: 3, wanted: null, completed: false },
  ],
  messages: ['Ctrl-C stops.'],
};

describe('the live screen', () => {
  it('shows value, other definition, level, history, coverage, age and last push at 120 columns', () => {
    expect(
      renderKris(view, { width: 120, colour: false })
        .split('\n')
        .map((line) => line.replace(/ +(2026-)/, ' $1')),
    ).toEqual([
      'Kriver acme 2026-03-01 14:03:20 UTC',
      '─'.repeat(120),
      '  KRI                        Value  Level               Other  History   Coverage             As of  Last push',
      '● MFA adoption              92.4 %  amber    91.0 % corrected  ▁▂▃▄▅▆▇█  83 % first sweep  20 s ago  92.3 % 13:53 ok',
      '● Impossible travel          1,204  red                        ▁▁·█      100 %             20 s ago  —',
      '● Admin sessions over 8 h        —  unknown                              no data                  —  —',
      '',
      '  System Log  4.3 events/s · 3,204,113 log records · read up to 12 s ago · lag 2 s',
      '  users       ✓ 2,000 read',
      '  factors     ████████████████▊░░░░░░░░░░░░░  56 %  1,120 of 2,000',
      '  policies    3 read, how many there are is not known yet',
      '',
      '  Ctrl-C stops.',
    ]);
  });

  it('puts the other definition in brackets where there is no room for its column', () => {
    expect(renderKris(view, { width: 80, colour: false }).split('\n').slice(2, 6)).toEqual([
      '  KRI                        Value (other)  Level    Coverage             As of',
      '● MFA adoption             92.4 % (91.0 %)  amber    83 % first sweep  20 s ago',
      '● Impossible travel                  1,204  red      100 %             20 s ago',
      '● Admin sessions over 8 h                —  unknown  no data                  —',
    ]);
  });

  it.each([60, 80, 90, 100, 120, 140, 200])('has no line wider than %d columns, with and without colour', (width) => {
    const hostile = {
      ...view,
      org: 'o'.repeat(300),
      rows: view.rows.map((row) => ({ ...row, title: `漢字 ${row.title} ${'long '.repeat(30)}` })),
      messages: ['m'.repeat(300)],
    };
    for (const colour of [true, false])
      for (const line of renderKris(hostile, { width, colour }).split('\n'))
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  it.each([60, 80, 100, 140])(
    'tells that definitions differ, and without colours the level, at %d columns',
    (width) => {
      const screen = renderKris(view, { width, colour: false });

      expect(screen).toMatch(/91\.0 %/);
      expect(screen).toMatch(/amber/);
    },
  );

  it('writes the level of a KRI in its colour, and no colour when there is none', () => {
    const red = '\u001b[1m\u001b[31m';

    expect(renderKris(view, { width: 120, colour: true })).toContain(red);
    expect(renderKris(view, { width: 120, colour: false })).not.toContain('\u001b');
  });

  it('shows nothing that a stranger wrote as anything but text', () => {
    const hostile = {
      ...view,
      org: '\u001b[2Jacme\u0007',
      rows: [{ ...adoption, title: '\u001b]0;owned\u0007MFA\u202e\r\nx', reason: 'a\u001b[31mb' }],
      messages: ['\u009b2J'],
    };
    const screen = renderKris(hostile, { width: 120, colour: false });

    expect(screen).toContain('● MFA x');
    expect(screen).not.toMatch(/\p{Cc}(?<!\n)|\p{Cf}/u);
  });

  it('is drawn before anything is known', () => {
    const empty = {
      ...view,
      rows: [],
      sweeps: [],
      messages: [],
      ingest: { eventsPerSecond: 0, eventsTotal: 0, asOfMs: undefined, lagMs: undefined },
    };

    expect(renderKris(empty, { width: 100, colour: false })).toContain(
      '0.0 events/s · 0 log records · nothing read yet',
    );
  });
});

describe('the report', () => {
  it('is a plain table with both definitions and what was pushed', () => {
    expect(renderReport(view)).toBe(
      [
        'acme: 3,204,113 log records, read up to 12 s ago',
        '',
        'KRI                       Value             Other  Level    Coverage                   As of (UTC)       Pushed',
        '───────────────────────  ──────  ────────────────  ───────  ─────────────────────────  ────────────────  ──────',
        'MFA adoption             92.4 %  91.0 % corrected  amber    83 % partial: first sweep  2026-03-01 14:03  ok',
        'Impossible travel         1,204                    red      100 %                      2026-03-01 14:03  —',
        'Admin sessions over 8 h       —                    unknown  unknown: no data           —                 —',
        '',
        'Ctrl-C stops.',
      ].join('\n'),
    );
  });

  it('gives a change one line', () => {
    expect(renderChange({ ...adoption, org: 'acme\n', previous: null })).toBe(
      '2026-03-01 14:03 acme  okta_mfa_adoption_pct 92.4 % (was —) amber partial: first sweep',
    );
  });
});

describe('tables', () => {
  it('align wide and combining characters by the columns they take', () => {
    expect(
      printTable(
        [{ title: 'name' }, { title: 'n', align: 'right' }],
        [
          ['漢字', '1'],
          ['e\u0301', '22'],
          ['👍', '3'],
        ],
      ),
    ).toBe(['name   n', '────  ──', '漢字   1', 'e\u0301     22', '👍     3'].join('\n'));
  });

  it('cut cells that are too long, and clean them', () => {
    expect(
      printTable([{ title: 'a', maximum: 4 }, { title: 'b' }], [['abcdefg', '\u001b[31mred\u001b[0m'], ['x']]),
    ).toBe(['a     b', '────  ───', 'abc…  red', 'x'].join('\n'));
  });
});

describe('small things', () => {
  it('sparklines run from the lowest to the highest, show gaps, and keep the last of each stretch', () => {
    expect(sparkline([0, 50, 100])).toBe('▁▅█');
    expect(sparkline([1, null, 2])).toBe('▁·█');
    expect(sparkline([0, 0])).toBe('▁▁');
    expect(sparkline([5, 5])).toBe('▄▄');
    expect(sparkline([9, 0, 9, 4, 9, null], 3)).toBe('▁▄█');
    expect(sparkline([])).toBe('');
  });

  it.each([
    [0, '░░░░'],
    [0.5, '██░░'],
    [0.53, '██▏░'],
    [1, '████'],
    [7, '████'],
    [Number.NaN, '░░░░'],
  ])('a bar of %d', (share, bar) => {
    expect(progressBar(share, 4)).toBe(bar);
  });

  it('ages and durations are as coarse as people want them', () => {
    expect([500, 12_000, 61_000, 3_600_000, 7_500_000, 90_000_000].map((age) => formatAge(now - age, now))).toEqual([
      'now',
      '12 s ago',
      '1 min ago',
      '1 h ago',
      '2 h 5 min ago',
      '1 d 1 h ago',
    ]);
    expect(formatAge(now + 5000, now)).toBe('now');
    expect(formatDuration(0)).toBe('0 s');
  });

  it('100 % is said only of all', () => {
    expect([0, 0.29, 0.9999, 1].map(formatShare)).toEqual(['0 %', '29 %', '99 %', '100 %']);
  });

  it('counts have separators, percentages one decimal, unknown values a dash', () => {
    expect(formatCount(1_204_113)).toBe('1,204,113');
    expect([formatValue(7, '%'), formatValue(7, ''), formatValue(null, '%')]).toEqual(['7.0 %', '7', '—']);
  });

  it('text is cut by columns, not characters', () => {
    expect([truncate('漢字漢字', 5), truncate('abc', 3), truncate('abc', 2), truncate('abc', 0)]).toEqual([
      '漢字…',
      'abc',
      'a…',
      '',
    ]);
  });

  it('escape sequences, control and format characters go', () => {
    expect(cleanText('a\u001b[1;31mb\u001b]8;;http://x\u001b\\c\u0000\u200b\u2066d\te')).toBe('abcd e');
  });

  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{}, {}, false],
  ])('colours for %j and %j: %s', (stream, environment, expected) => {
    expect(wantsColour(stream, environment)).toBe(expected);
  });
});
