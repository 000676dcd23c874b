import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { listenOnLoopback } from '../../simulator/listen.ts';

test('a port that is taken is told with what to do, not as a defect', async () => {
  const first = await listenOnLoopback(createServer(), 0);
  const port = Number(new URL(first.url).port);
  await expect(listenOnLoopback(createServer(), port)).rejects.toMatchObject({
    code: 'usage-invalid',
    message: expect.stringContaining(String(port)),
    hint: expect.stringContaining('--port'),
  });
  await first.close();
});
