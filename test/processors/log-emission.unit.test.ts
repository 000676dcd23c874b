import { describe, expect, test } from 'vitest';
import { failedMfaPush } from '../../processors/indicators/failed-mfa-push.ts';
import { logIndicators } from '../../processors/indicators/index.ts';
import { createLogFold } from '../../processors/log/log-fold.ts';
import type { Progress } from '../../schemas/progress.ts';
import { dayMs, hourMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import { adminAccess, ago, denyPush, noon, signOut } from './events.ts';
import { factsOf, newestAt, progressAt, readingsOf, type Step, settings } from './given.ts';

const { slug } = failedMfaPush;
const minutesAfterNoon = (steps: readonly Step[]) =>
  readingsOf(steps)
    .filter((reading) => reading.slug === slug)
    .map(({ asOf, version }) => `${(Date.parse(asOf) - noon) / minuteMs} v${version}`);

describe('the fold of the log emits', () => {
  test('three readings at each T that the progress passed, and none twice', () => {
    const readings = readingsOf([progressAt(noon), progressAt(noon + 3 * minuteMs + 59_999)]);
    expect(readings.length).toBe(4 * logIndicators.length);
    expect(minutesAfterNoon([progressAt(noon), progressAt(noon + 3 * minuteMs + 59_999)])).toEqual([
      '0 v0',
      '1 v1',
      '2 v1',
      '3 v1',
    ]);
  });

  test('nothing when the progress is within the same minute', () => {
    expect(minutesAfterNoon([progressAt(noon), progressAt(noon + 59_999)])).toEqual(['0 v0']);
  });

  test.each<Progress['state']>(['failing', 'forbidden', 'unauthorised'])('nothing while the source is %s', (state) => {
    expect(minutesAfterNoon([progressAt(noon), denyPush(noon - 1), progressAt(noon + minuteMs, { state })])).toEqual([
      '0 v0',
    ]);
  });

  test('after the source is well again what it missed, revisions first', () => {
    const steps = [
      progressAt(noon),
      denyPush(noon - 1),
      progressAt(noon, { state: 'failing' }),
      progressAt(noon + minuteMs),
    ];
    expect(minutesAfterNoon(steps)).toEqual(['0 v0', '0 v3', '1 v3']);
  });

  test('again each earlier T that an event changed, and no other', () => {
    const steps = [
      progressAt(noon),
      progressAt(noon + 3 * minuteMs),
      denyPush(noon + minuteMs + 1),
      progressAt(noon + 4 * minuteMs),
    ];
    expect(minutesAfterNoon(steps)).toEqual(['0 v0', '1 v1', '2 v1', '3 v1', '2 v3', '3 v3', '4 v3']);
  });

  test('nothing again for an event that is known already', () => {
    const denial = denyPush(noon - 1);
    expect(minutesAfterNoon([denial, progressAt(noon), denial, progressAt(noon + minuteMs)])).toEqual(['0 v1', '1 v3']);
  });

  test('only the newest T before the first whole window, and revises those that it emitted', () => {
    const spans = (toMs: number) => ({ spans: [{ from: toTimestamp(noon - hourMs), to: toTimestamp(toMs) }] });
    const at = (minutes: number) => progressAt(noon + minutes * minuteMs, spans(noon + minutes * minuteMs));
    expect(minutesAfterNoon([at(0), at(5), denyPush(noon - 1), at(7)])).toEqual([
      '0 v0',
      '5 v1',
      '0 v3',
      '5 v3',
      '7 v3',
    ]);
    const whole = minutesAfterNoon([at(0), at(23 * 60 + 2)]);
    expect(whole).toEqual(['0 v0', '1380 v1', '1381 v1', '1382 v1']);
  });

  test('revisions for 48 h: an older T keeps its reading, and a newer one does not', () => {
    const days = (count: number) => noon + count * dayMs;
    const steps = [
      progressAt(days(0)),
      progressAt(days(2)),
      denyPush(days(0) - hourMs),
      progressAt(days(2) + minuteMs),
    ];
    const revised = minutesAfterNoon(steps).filter((text) => text.endsWith('v3'));
    expect(revised[0]).toBe('1 v3');
    expect(revised.at(-2)).toBe(`${23 * 60 - 1} v3`);
    expect(revised.at(-1)).toBe(`${2 * 1440 + 1} v3`);
  });

  test('one unknown reading of a source that was never authorised, and no more', () => {
    const refused = progressAt(noon, { state: 'forbidden', spans: [] });
    const readings = readingsOf([
      refused,
      { ...refused, asOf: toTimestamp(noon + minuteMs) },
      { ...refused, state: 'unauthorised' },
    ]);
    expect(readings.length).toBe(logIndicators.length);
    for (const { draxis, corrected } of readings) {
      expect(draxis).toEqual({
        value: null,
        numerator: null,
        denominator: null,
        status: 'unknown',
        reason: 'forbidden',
        coverage: 0,
      });
      expect(corrected.reason).toBe('forbidden');
    }
    expect(readingsOf([{ ...refused, state: 'unauthorised' }])[0]?.draxis.reason).toBe('unauthorised');
    expect(readingsOf([{ ...refused, state: 'failing' }])).toEqual([]);
  });

  test('readings that follow once the source may be read', () => {
    const steps = [progressAt(noon, { state: 'forbidden', spans: [] }), denyPush(noon), progressAt(noon + minuteMs)];
    expect(minutesAfterNoon(steps)).toEqual(['0 v0', '0 v2', '1 v2']);
    expect(newestAt(readingsOf(steps), slug, noon + minuteMs)?.draxis.value).toBe(1);
  });

  test('the epoch in the version', () => {
    const fold = createLogFold({ settings, indicators: logIndicators, saved: [], epoch: 2 });
    expect(fold.progress(progressAt(noon), 5)[0]?.version).toBe(((2n << 48n) + 5n).toString());
  });
});

describe('only the wanted minutes of a replay are read', () => {
  const run = (wanted: (minute: number) => boolean, steps: readonly Step[]) => {
    const fold = createLogFold({ settings, indicators: [failedMfaPush], saved: [], wanted });
    return steps.flatMap((step, offset) => {
      if (!('uuid' in step)) return fold.progress(step, offset);
      fold.event(factsOf(step));
      return [];
    });
  };
  const minuteOf = (ms: number) => ms / minuteMs;

  test('and counted right however far apart they are', () => {
    const wanted = new Set([minuteOf(noon), minuteOf(noon + 9 * dayMs)]);
    const steps: Step[] = [denyPush(noon - 1), progressAt(noon)];
    for (let hours = 1; hours <= 9 * 24; hours += 1) {
      steps.push(denyPush(noon + hours * hourMs - 1), progressAt(noon + hours * hourMs));
    }
    const readings = run((minute) => wanted.has(minute), steps);
    expect(readings.map(({ asOf, draxis }) => [asOf, draxis.value])).toEqual([
      [toTimestamp(noon), 1],
      [toTimestamp(noon + 9 * dayMs), 24],
    ]);
  });

  test('and counted right when late events asked for minutes that are forgotten since', () => {
    const target = noon + 5 * dayMs;
    const steps: Step[] = [progressAt(noon)];
    for (let hours = 1; hours <= 5 * 24; hours += 1) {
      steps.push(denyPush(noon + (hours - 47) * hourMs), progressAt(noon + hours * hourMs));
    }
    const readings = run((minute) => minute === minuteOf(target), [...steps, denyPush(target), progressAt(target)]);
    expect(readings.map(({ draxis }) => draxis.value)).toEqual([0]);
    const again = run(
      (minute) => minute === minuteOf(target),
      [...steps.slice(0, -1), denyPush(target), progressAt(target)],
    );
    expect(again.map(({ draxis }) => draxis.value)).toEqual([1]);
  });

  test('and revised when they are', () => {
    const readings = run(
      (minute) => minute === minuteOf(noon),
      [progressAt(noon), denyPush(noon), progressAt(noon + minuteMs)],
    );
    expect(readings.map(({ draxis }) => draxis.value)).toEqual([0, 1]);
  });
});

describe('the status of a log reading', () => {
  const scoresAt = (progress: Partial<Progress>, atMs = noon) => {
    const reading = newestAt(readingsOf([denyPush(ago({ hours: 1 })), progressAt(atMs, progress)]), slug, atMs);
    return reading?.draxis;
  };
  const span = (fromMs: number, toMs: number) => ({ from: toTimestamp(fromMs), to: toTimestamp(toMs) });

  test('is ok when the whole window was read', () => {
    expect(scoresAt({})).toEqual({ value: 1, numerator: 1, denominator: null, status: 'ok', coverage: 1 });
  });

  test('is partial when a part of it was, with the share', () => {
    expect(scoresAt({ spans: [span(noon - 6 * hourMs, noon)] })).toMatchObject({
      value: 1,
      status: 'partial',
      reason: 'coverage',
      coverage: 0.25,
    });
    const gap = [span(noon - 30 * hourMs, noon - 12 * hourMs), span(noon - 6 * hourMs, noon + hourMs)];
    expect(scoresAt({ spans: gap })).toMatchObject({ status: 'partial', coverage: 0.75 });
    expect(scoresAt({ spans: [span(ago({ hours: 24, ms: -1 }), noon)] })).toMatchObject({ status: 'partial' });
  });

  test('is unknown when nothing of it was', () => {
    expect(scoresAt({ spans: [span(noon - 30 * hourMs, noon - 24 * hourMs)] })).toEqual({
      value: null,
      numerator: null,
      denominator: null,
      status: 'unknown',
      reason: 'coverage',
      coverage: 0,
    });
  });

  test('of corrected sessions asks for 8 days', () => {
    const readings = readingsOf([progressAt(noon, { spans: [span(noon - 2 * dayMs, noon)] })]);
    const sessions = newestAt(readings, 'okta_admin_session_outliers_24h', noon);
    expect(sessions?.draxis).toMatchObject({ status: 'ok', coverage: 1 });
    expect(sessions?.corrected).toMatchObject({ status: 'partial', coverage: 0.25 });
  });

  test('is partial while a dead-lettered event is in the window', () => {
    const deadLettered = (atMs: number) => ({ deadLettered: [toTimestamp(atMs)] });
    expect(scoresAt(deadLettered(noon))).toMatchObject({ value: 1, status: 'partial', reason: 'dead letters' });
    expect(scoresAt(deadLettered(noon - dayMs + minuteMs))).toMatchObject({ reason: 'dead letters' });
    expect(scoresAt(deadLettered(noon - dayMs))).toMatchObject({ status: 'ok' });
    expect(scoresAt(deadLettered(noon + minuteMs))).toMatchObject({ status: 'ok' });
    expect(scoresAt({ ...deadLettered(noon), spans: [span(noon - hourMs, noon)] })).toMatchObject({
      reason: 'coverage',
    });
  });

  test('of earlier readings is revised by a dead letter of their window, once', () => {
    const deadLettered = [toTimestamp(noon)];
    const steps = [
      progressAt(noon),
      progressAt(noon + minuteMs, { deadLettered }),
      progressAt(noon + 2 * minuteMs, { deadLettered }),
    ];
    for (const restarts of [false, true]) {
      const readings = readingsOf(steps, { restarts }).filter((reading) => reading.slug === slug);
      expect(readings.map(({ version, draxis }) => `${version} ${draxis.status}`)).toEqual([
        '0 ok',
        '1 partial',
        '1 partial',
        '2 partial',
      ]);
    }
  });

  test('tells of a dead letter that came while the source failed, also after a restart', () => {
    const deadLettered = [toTimestamp(noon)];
    const steps = [
      progressAt(noon),
      progressAt(noon, { state: 'failing', deadLettered }),
      progressAt(noon + minuteMs, { deadLettered }),
    ];
    for (const restarts of [false, true]) {
      const readings = readingsOf(steps, { restarts }).filter((reading) => reading.slug === slug);
      expect(readings.map(({ version, draxis }) => `${version} ${draxis.status}`)).toEqual([
        '0 ok',
        '2 partial',
        '2 partial',
      ]);
    }
  });
});

describe('the state of the fold', () => {
  test('is forgotten when no T can be about it any more', () => {
    const saved = new Map<string, unknown>();
    const fold = createLogFold({ settings, indicators: logIndicators, saved: [] });
    const take = () => {
      for (const [key, value] of fold.takeChanges()) {
        if (value === undefined) saved.delete(key);
        else saved.set(key, value);
      }
    };
    fold.event(factsOf(denyPush(noon)));
    fold.progress(progressAt(noon), 1);
    take();
    expect([...saved.keys()].filter((key) => key.startsWith(slug))).toEqual([`${slug}/user/00uada`]);
    fold.progress(progressAt(noon + 3 * dayMs - minuteMs), 2);
    take();
    expect([...saved.keys()].filter((key) => key.startsWith(slug))).toEqual([`${slug}/user/00uada`]);
    fold.progress(progressAt(noon + 3 * dayMs), 3);
    take();
    expect([...saved.keys()].sort()).toEqual(['meta', 'progress']);
  });

  test('keeps a session that has a start for 8 days more than readings are revised, and ends alone for one', () => {
    const fold = createLogFold({ settings, indicators: logIndicators, saved: [] });
    const keys = new Set<string>();
    const sessionsAfter = (days: number): string[] => {
      fold.progress(progressAt(noon + days * dayMs), Math.round(days * 1440));
      for (const [key, value] of fold.takeChanges()) {
        if (value === undefined) keys.delete(key);
        else keys.add(key);
      }
      return [...keys]
        .filter((key) => key.includes('/session/') || key.includes('/user/'))
        .map((key) => key.slice(32))
        .sort();
    };
    fold.event(factsOf(adminAccess(noon, '102open')));
    fold.event(factsOf(signOut(noon, '102alone')));
    expect(sessionsAfter(0)).toEqual(['session/102alone', 'session/102open', 'user/00uada']);
    expect(sessionsAfter(3)).toEqual(['session/102open', 'user/00uada']);
    expect(sessionsAfter(10 - 1 / 1440)).toEqual(['session/102open', 'user/00uada']);
    expect(sessionsAfter(10)).toEqual([]);
  });

  test('gives each change once', () => {
    const fold = createLogFold({ settings, indicators: logIndicators, saved: [] });
    fold.event(factsOf(denyPush(noon)));
    fold.progress(progressAt(noon), 1);
    expect([...fold.takeChanges()].length).toBeGreaterThan(0);
    expect([...fold.takeChanges()].length).toBe(0);
  });
});
