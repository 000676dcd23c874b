/** A simulated Okta org and a simulated Draxis tenant, over real HTTP on loopback: for the demo and for tests. */
export { createControlServer } from './control.ts';
export { createDraxisServer, type DraxisFault } from './draxis/server.ts';
export type { Fault, FaultScript } from './okta/faults.ts';
export { createOktaServer } from './okta/server.ts';
export { resumeSimulatedTime, runSimulatedTime } from './simulated-time.ts';
export { type TruthTable, truthAt } from './truth.ts';
export { createWorld, type World } from './world/world.ts';
