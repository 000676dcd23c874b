import { setFlagsFromString } from 'node:v8';
import { readEvents } from '../../ingest/recordings/read-events.ts';
import { createReplay, type Replay } from '../../processors/replay/replay.ts';
import type { ReplayTimes } from '../../processors/replay/replay-times.ts';
import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { toFacts } from '../../schemas/facts.ts';
import type { Reading } from '../../schemas/reading.ts';
import { minuteMs, parseTimestamp } from '../../schemas/time.ts';
import { type Context, printJson } from '../context.ts';
import type { Handlers, ReplayOptions } from '../handlers.ts';
import { type RecordingNote, readRecordedPosture } from '../recorded-posture.ts';
import { formatValue } from '../render/quantities.ts';
import { printTable } from '../render/table.ts';
import { indicatorOf, type ShownReading, toShownReading } from '../shown-reading.ts';

const shownNotes = 20;

const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};

/** The date of a record that is no event otherwise, so that its windows can say that they lack one. */
const publishedOf = (value: unknown): number | undefined =>
  typeof value === 'object' && value !== null
    ? parseTimestamp((value as { published?: unknown }).published)
    : undefined;

/** Feeds every event of the files. False when they are too far out of order to be folded as they come. */
const feed = async (
  files: readonly string[],
  replay: Replay,
  tell: (note: RecordingNote) => void,
  onProgress: (events: number) => void,
): Promise<boolean> => {
  let events = 0;
  for (const file of files) {
    for await (const batch of readEvents(file)) {
      for (const { bytes, line } of batch) {
        const value = parse(bytes);
        const outcome = value === undefined ? ({ ok: false, reason: 'Not JSON.' } as const) : toFacts(value);
        if (outcome.ok) {
          if (!replay.event(outcome.facts)) return false;
        } else {
          replay.deadLetter(publishedOf(value));
          tell({ file, line, reason: outcome.reason });
        }
      }
      events += batch.length;
      onProgress(events);
    }
  }
  return true;
};

/** Events of recordings count as completely read, which nobody can know: so the coverage is `assumed`. */
const toAssumed = (reading: ShownReading) => ({
  ...reading,
  draxis: { ...reading.draxis, coverage: 'assumed' },
  corrected: { ...reading.corrected, coverage: 'assumed' },
});

const toTimes = (options: ReplayOptions): ReplayTimes => {
  if (options.at.length > 0) return { kind: 'at', minutes: options.at.map((atMs) => Math.floor(atMs / minuteMs)) };
  return options.everyMs === undefined ? { kind: 'last' } : { kind: 'every', minutes: options.everyMs / minuteMs };
};

const toText = (readings: readonly ShownReading[]): string =>
  printTable(
    [
      { title: 'As of (UTC)' },
      { title: 'KRI', maximum: 44 },
      { title: 'Draxis', align: 'right' },
      { title: 'Corrected', align: 'right' },
      { title: 'Level' },
      { title: 'Status' },
    ],
    readings.map((reading) => {
      const { title, unit } = indicatorOf(reading.slug);
      const { status, reason } = reading[reading.definition];
      const sign = unit === 'percent' ? '%' : '';
      return [
        reading.asOf.slice(0, 16).replace('T', ' '),
        title,
        formatValue(reading.draxis.value, sign),
        formatValue(reading.corrected.value, sign),
        reading.level,
        reason === undefined ? status : `${status}: ${reason}`,
      ];
    }),
  );

/**
 * Little of what a replay reads stays, but V8 lets the heap double before it looks, so the peak would grow with the
 * length of the recording. It is told to look sooner, for a few percent of the time.
 */
const keepHeapSmall = (): void => setFlagsFromString('--heap-growing-percent=50');

/** `kriver replay FILE…`: readings from recorded events and objects, by the same fold as live. Nothing is stored. */
export const createReplayCommand =
  (context: Context): Handlers['replay'] =>
  async (options): Promise<ExitCode> => {
    if (options.at.length > 0 && options.everyMs !== undefined) {
      throw new AppError('usage-invalid', '--at and --every exclude each other.', { hint: 'Give one of them.' });
    }
    keepHeapSmall();
    const notes: RecordingNote[] = [];
    let noted = 0;
    const tell = (note: RecordingNote): void => {
      noted += 1;
      if (notes.length < shownNotes) notes.push(note);
    };
    const posture = await readRecordedPosture(options, tell);
    if (options.files.length === 0 && posture.sweeps.length === 0) {
      throw new AppError('usage-invalid', 'There is nothing to replay.', {
        hint: 'Give files of System Log events, or recorded objects with --users, --factors, --policies, --policy-rules.',
      });
    }
    const settings = {
      org: options.org ?? context.environment['KRIVER_ORG'] ?? 'recording',
      userSampleCap: 2000,
      velocityNames: [],
    };
    const start = (sorted: boolean): Replay =>
      createReplay({ settings, engine: options.engine ?? 'unknown', times: toTimes(options), sorted });
    const progress = createProgress(context);
    let replay = start(false);
    if (!(await feed(options.files, replay, tell, progress.show))) {
      // Out of order by more than two days: what matters is held in memory and sorted, in a second pass.
      notes.length = 0;
      noted = 0;
      replay = start(true);
      await feed(options.files, replay, tell, progress.show);
    }
    progress.end();
    const readings = replay.finish(posture);
    const shown = readings.map((reading: Reading) =>
      toShownReading(reading, {
        definitions: Object.fromEntries(readings.map(({ slug }) => [slug, options.definition ?? 'draxis'])),
        thresholds: {},
      }),
    );
    for (const { file, line, reason } of notes) context.error.write(`${file}:${line}: ${reason}\n`);
    if (noted > notes.length) context.error.write(`… and ${noted - notes.length} more such records.\n`);
    if (shown.length === 0) {
      throw new AppError('data-invalid', 'No record of the files could be used, so there is no minute to read.', {
        hint: 'Check the lines named above. With --at TIME a minute can be given.',
      });
    }
    if (options.json) printJson(context, shown.map(toAssumed));
    else
      context.out.write(`${toText(shown)}\nCoverage is assumed: whether a recording is whole cannot be seen in it.\n`);
    return exitCodes.ok;
  };

/** A count of the events read, on a terminal only, where it can be wiped again. */
const createProgress = (context: Context) => {
  const { error } = context;
  const every = 50_000;
  let next = every;
  return {
    show: (events: number): void => {
      if (error.isTTY !== true || events < next) return;
      next = events + every;
      error.write(`\r${events.toLocaleString('en')} events read`);
    },
    end: (): void => {
      if (next > every) error.write('\r\u001b[K');
    },
  };
};
