import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import { createSteppingClock } from '../ingest/stepping-clock.ts';
import { startMs } from './simulated-org.ts';

/**
 * A clock for an org and the Kriver that reads it: it stands still while any server of this process answers, and goes
 * to the end of the next wait when none does. An hour of back-off passes in no time, and is an hour all the same.
 */
export const createBusyClock = (): { clock: Clock; stop: () => void } => {
  let answering = 0;
  const begin = (message: unknown) => {
    answering += 1;
    (message as { response: ServerResponse }).response.once('close', () => {
      answering -= 1;
    });
  };
  subscribe('http.server.request.start', begin);
  return {
    clock: createSteppingClock(() => answering > 0, startMs),
    stop: () => void unsubscribe('http.server.request.start', begin),
  };
};
