import { describe, expect, it, vi } from 'vitest';
import { isChdbAvailable, openChdb } from '../../../sinks/clickhouse/client.ts';

vi.mock('chdb/connection', () => {
  throw new Error("Cannot find package 'chdb'");
});

describe('without the optional package chdb', () => {
  it('the embedded engine is refused with what to do, and everything else loads', async () => {
    await expect(openChdb({ path: '/nowhere' })).rejects.toMatchObject({
      code: 'clickhouse-missing',
      hint: expect.stringContaining('npm install chdb'),
    });
    expect(await isChdbAvailable()).toBe(false);
  });
});
