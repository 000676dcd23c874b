import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Listens on loopback and nowhere else; port 0 takes any free one. `url` is the origin with the path after it. Closing
 * ends open connections too, after `beforeClose` has let go of what is held back.
 */
export const listenOnLoopback = (
  server: Server,
  port: number,
  path = '',
  beforeClose: () => void = () => {},
): Promise<Listening> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as AddressInfo;
      const close = () =>
        new Promise<void>((closed) => {
          beforeClose();
          server.close(() => closed());
          server.closeAllConnections();
        });
      resolve({ url: `http://127.0.0.1:${bound}${path}`, close });
    });
  });
