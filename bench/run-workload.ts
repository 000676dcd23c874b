import { type WorkloadName, workloads } from './workloads/index.ts';

/**
 * One measured run in a process of its own: `node run-workload.js NAME WARM_UP_FILE FILE`. Every workload first goes
 * through a short file, so that none is charged for being compiled. Prints what was measured as JSON.
 */
const [, , name, warmUpFile, file] = process.argv;
const workload = workloads[name as WorkloadName];
await workload(String(warmUpFile));
process.stdout.write(`${JSON.stringify(await workload(String(file)))}\n`);
