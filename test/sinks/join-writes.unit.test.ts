import { describe, expect, it } from 'vitest';
import { AppError } from '../../runtime/errors.ts';
import { joinWrites } from '../../sinks/join-writes.ts';
import type { Sink, SinkRecord } from '../../sinks/sink.ts';

const records = (...keys: string[]): SinkRecord[] =>
  keys.map((key, offset) => ({ topic: 't', offset, key, value: Buffer.from(key), headers: {} }));

/** A sink whose writes end when the test says so; a key that begins with `bad` is refused. */
const createSlowSink = () => {
  const writes: string[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const sink: Sink = {
    write: (batch) =>
      new Promise((resolve, reject) => {
        writes.push(batch.map(({ key }) => key));
        const refused = batch.some(({ key }) => key.startsWith('bad'));
        const refusal = new AppError('clickhouse-refused', 'A bad row.', { hint: '' });
        ends.push((error) => (error !== undefined ? reject(error) : refused ? reject(refusal) : resolve()));
      }),
  };
  const end = async (error?: Error): Promise<void> => {
    ends.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sink, writes, end };
};

const outcomeOf = (write: Promise<void>): { now: string } => {
  const outcome = { now: 'waits' };
  write.then(
    () => {
      outcome.now = 'written';
    },
    (error: Error) => {
      outcome.now = error.message;
    },
  );
  return outcome;
};

describe('writes that are joined', () => {
  it('are one at a time, and what came meanwhile goes together in the next', async () => {
    const { sink, writes, end } = createSlowSink();
    const joined = joinWrites(sink);
    const outcomes = ['a', 'b', 'c'].map((key) => outcomeOf(joined.write(records(key))));
    expect(writes).toEqual([['a']]);
    await end();
    expect(outcomes.map(({ now }) => now)).toEqual(['written', 'waits', 'waits']);
    expect(writes).toEqual([['a'], ['b', 'c']]);
    await end();
    expect(outcomes.map(({ now }) => now)).toEqual(['written', 'written', 'written']);
  });

  it('take no more records than they may, except a batch that is larger by itself', async () => {
    const { sink, writes, end } = createSlowSink();
    const joined = joinWrites(sink, { maxRecords: 3 });
    for (const keys of [['a'], ['b', 'c'], ['d'], ['e', 'f', 'g', 'h'], ['i']]) void joined.write(records(...keys));
    for (let turn = 0; turn < 5; turn += 1) await end();
    expect(writes).toEqual([['a'], ['b', 'c', 'd'], ['e', 'f', 'g', 'h'], ['i']]);
  });

  it('that are refused are written each alone, so that nobody hears of the records of another', async () => {
    const { sink, writes, end } = createSlowSink();
    const joined = joinWrites(sink);
    const outcomes = ['a', 'good', 'bad', 'fine'].map((key) => outcomeOf(joined.write(records(key))));
    for (let turn = 0; turn < 5; turn += 1) await end();
    expect(writes).toEqual([['a'], ['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']]);
    expect(outcomes.map(({ now }) => now)).toEqual(['written', 'written', 'A bad row.', 'written']);
  });

  it('that fail otherwise fail for all, who offer the same records again', async () => {
    const { sink, end } = createSlowSink();
    const joined = joinWrites(sink);
    const outcomes = ['a', 'b', 'c'].map((key) => outcomeOf(joined.write(records(key))));
    await end();
    await end(new Error('gone'));
    expect(outcomes.map(({ now }) => now)).toEqual(['written', 'gone', 'gone']);
    const again = outcomeOf(joined.write(records('b')));
    await end();
    expect(again.now).toBe('written');
  });

  it('go on after a sink that throws at once', async () => {
    let isBroken = true;
    const joined = joinWrites({
      write: () => {
        if (isBroken) throw new Error('a defect');
        return Promise.resolve();
      },
    });
    await expect(joined.write(records('a'))).rejects.toThrow('a defect');
    isBroken = false;
    await joined.write(records('b'));
  });
});
