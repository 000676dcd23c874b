import { describe, expect, it } from 'vitest';
import type { OktaClient, OktaResponse } from '../../ingest/okta/client.ts';
import { type LogPage, systemLog } from '../../ingest/system-log.ts';
import { event } from './model-org.ts';

const dateMs = Date.parse('2026-11-24T12:00:00.000Z');

/** An org that is never quiet: each page, however often one asks, has as many events as told. */
const busyOrg = (sizes: readonly number[]): { okta: OktaClient; asked: string[] } => {
  const asked: string[] = [];
  const get = async (target: string): Promise<OktaResponse> => {
    const size = sizes[Math.min(asked.length, sizes.length - 1)] ?? 0;
    asked.push(target);
    const events = Array.from({ length: size }, (_, index) =>
      event(`${asked.length}-${index}`, new Date(dateMs - 60_000 + index).toISOString()),
    );
    const body = Buffer.from(JSON.stringify(events));
    const next = `/api/v1/logs?after=${asked.length}`;
    return { status: 200, dateMs, body, json: events, next, requestId: undefined, limit: undefined };
  };
  return { okta: { origin: 'https://acme.okta.com', get, dateMs: () => dateMs, requests: () => new Map() }, asked };
};

const pass = async (okta: OktaClient): Promise<LogPage[]> => {
  const pages: LogPage[] = [];
  const signal = new AbortController().signal;
  for await (const page of systemLog({ okta, start: { sinceMs: dateMs - 3_600_000 }, memory: {}, signal }))
    pages.push(page);
  return pages;
};

describe('systemLog', () => {
  it('ends a pass at the first page shorter than the limit, however busy the org', async () => {
    const { okta, asked } = busyOrg([1_000, 1_000, 34, 203, 66]);
    const pages = await pass(okta);
    expect(pages.map(({ full, records }) => [full, records.length])).toEqual([
      [true, 1_000],
      [true, 1_000],
      [false, 34],
    ]);
    expect(pages.at(-1)?.cursor).toBe('/api/v1/logs?after=3');
    expect(asked).toEqual([
      '/api/v1/logs?since=2026-11-24T11%3A00%3A00.000Z&limit=1000&sortOrder=ASCENDING',
      '/api/v1/logs?after=1',
      '/api/v1/logs?after=2',
    ]);
  });

  it('takes the Date for the mark of an empty page, and goes on from its next link', async () => {
    const { okta } = busyOrg([0]);
    expect(await pass(okta)).toMatchObject([{ asOfMs: dateMs, cursor: '/api/v1/logs?after=1', records: [] }]);
  });
});
