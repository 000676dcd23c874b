/** Starts an engine that would run for ever, tells its process, and waits to be killed. */
import { createEngine } from './engine.ts';

const engine = createEngine({
  name: 'sleeper',
  directory: process.argv[2] ?? '',
  program: 'sleep',
  args: ['infinity'],
  isReady: async () => {},
});
await engine.start();
console.log(engine.pid());
