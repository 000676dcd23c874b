import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../runtime/errors.ts';

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

const taken = (port: number, cause: unknown): AppError =>
  new AppError('usage-invalid', `Port ${port} of 127.0.0.1 is taken by another process.`, {
    hint: 'Give another one with --port, or 0 for any that is free.',
    cause,
  });

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
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? taken(port, error) : error),
    );
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
