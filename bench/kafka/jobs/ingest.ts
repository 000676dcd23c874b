import type { OktaClient, OktaResponse } from '../../../ingest/okta/client.ts';
import { toPageRecords } from '../../../ingest/run/to-records.ts';
import { systemLog } from '../../../ingest/system-log.ts';
import { fileEvents } from '../fill.ts';
import { collectGarbage, cpuSecondsSince, type Measured, type Sending } from '../job.ts';
import { toPageProgress, toPages } from '../pages.ts';
import { openBus } from '../place.ts';

/**
 * `parses`: whether JSON.parse of the pages counts. Where not, some pages at a time are parsed outside of what is measured,
 * and the garbage of that collected, as the producer that only sends has its batches made ready.
 */
type Ingesting = Sending & { readonly parses: boolean };

const pagesAtOnce = 15;

/** An Okta that answers with bodies which are in memory already, as `read` reads the page of an index. */
const createOkta = (bodies: readonly Buffer[], read: (index: number) => unknown): OktaClient => {
  let at = 0;
  return {
    origin: '',
    dateMs: () => undefined,
    requests: () => new Map(),
    get: async (): Promise<OktaResponse> => {
      const body = bodies[at] ?? Buffer.from('[]');
      const json = read(at);
      at += 1;
      const next = at < bodies.length ? `/api/v1/logs?after=${at}` : undefined;
      return { status: 200, dateMs: 0, body, json, next, requestId: undefined, limit: undefined };
    },
  };
};

const parse = (body: Buffer | undefined): unknown => (body === undefined ? [] : JSON.parse(body.toString('utf8')));

const ingestFile = async ({ place, parses }: Ingesting, file: string): Promise<Measured> => {
  const [org = ''] = place.orgs;
  const bodies: Buffer[] = [];
  for await (const { events } of toPages(fileEvents(file), [org])) bodies.push(Buffer.from(`[${events.join(',')}]`));
  const bus = await openBus(place);
  await bus.publish([toPageProgress(org, Date.UTC(2026, 0, 5))]);
  const { signal } = new AbortController();
  collectGarbage();
  let leftOut = 0;
  let records = 0;
  let asOfMs = 0;
  const before = process.cpuUsage();
  const parsed = new Map<number, unknown>();
  const parseAhead = (index: number): void => {
    const began = process.cpuUsage();
    for (let ahead = index; ahead < index + pagesAtOnce; ahead += 1) parsed.set(ahead, parse(bodies[ahead]));
    collectGarbage();
    leftOut += cpuSecondsSince(began);
  };
  const okta = createOkta(bodies, (index) => {
    if (parses) return parse(bodies[index]);
    if (!parsed.has(index)) parseAhead(index);
    const json = parsed.get(index);
    parsed.delete(index);
    return json;
  });
  for await (const page of systemLog({ okta, start: { after: '/api/v1/logs?after=0' }, memory: {}, signal })) {
    const { records: events } = toPageRecords(org, page);
    asOfMs = Math.max(asOfMs, page.asOfMs ?? 0);
    await bus.publish(events);
    await bus.publish([toPageProgress(org, asOfMs)]);
    records += events.length + 1;
  }
  const cpuSeconds = cpuSecondsSince(before) - leftOut;
  await bus.close();
  return { records, cpuSeconds };
};

/**
 * Ingest from the bytes of Okta's pages on: parsed, cut into events, facts taken, encoded, framed, checksummed and sent.
 * HTTP and the rate limit are left out.
 */
export const ingest = async (sending: Ingesting): Promise<Measured> => {
  await ingestFile(sending, sending.warmUpFile);
  return ingestFile(sending, sending.file);
};
