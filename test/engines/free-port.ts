import { createServer } from 'node:net';

// Below the ports that systems hand out for outgoing connections, so that an engine that was killed finds its port free.
const lowest = 20_000;
const count = 10_000;

/** Whether one can listen on the port of loopback now. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** A port of loopback that nobody listens on. Chosen at random, so that two that start at once hardly meet. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * count);
    if (await isFree(port)) return port;
  }
};
