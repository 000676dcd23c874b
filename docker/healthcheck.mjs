/**
 * Whether the process that serves the data directory answers on its socket: exit code 0 or 1. The socket is that which
 * the other commands ask.
 */
import { askLocalApi } from '../dist/cli/local-api/ask.js';

const answered = await askLocalApi(process.env.KRIVER_DATA_DIR ?? '/data', { path: '/health' }).catch(() => undefined);
process.exit(answered?.answer?.ok === true ? 0 : 1);
