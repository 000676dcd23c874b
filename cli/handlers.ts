import type { ExitCode } from '../runtime/errors.ts';
import type { Definition } from '../schemas/reading.ts';
import type { Stage } from './stage.ts';

/** What every command is given beside its own options. */
export interface GlobalOptions {
  /** --config FILE */
  readonly config: string | undefined;
  /** --data-dir DIRECTORY */
  readonly dataDir: string | undefined;
}

/** Commands that speak of one org, or of all, and can print for programs. */
export interface OrgOptions extends GlobalOptions {
  /** Undefined: every configured org. */
  readonly org: string | undefined;
  readonly json: boolean;
}

export type OktaEngine = 'idx' | 'v1';

export interface InitOptions extends GlobalOptions {
  readonly org: string | undefined;
  readonly baseUrl: string | undefined;
  readonly force: boolean;
}

export interface RunOptions extends GlobalOptions {
  /** Undefined: all of them. */
  readonly stages: readonly Stage[] | undefined;
}

export interface ReplayOptions extends GlobalOptions {
  /** System Log events, NDJSON or a JSON array; may be empty when only posture files are given. */
  readonly files: readonly string[];
  readonly users: string | undefined;
  readonly factors: string | undefined;
  readonly appLinks: string | undefined;
  readonly policies: string | undefined;
  readonly policyRules: string | undefined;
  readonly org: string | undefined;
  /** Milliseconds since the epoch, in the order given; empty: not set. */
  readonly at: readonly number[];
  readonly everyMs: number | undefined;
  readonly engine: OktaEngine | undefined;
  readonly definition: Definition | undefined;
  readonly json: boolean;
}

export interface WhyOptions extends OrgOptions {
  /** As typed; the body checks it so that it can suggest. */
  readonly slug: string;
  readonly atMs: number | undefined;
}

export interface SqlOptions extends GlobalOptions {
  readonly query: string;
  readonly json: boolean;
}

export interface DeadLetterOptions extends OrgOptions {
  readonly id: string;
}

export interface SecretOptions extends GlobalOptions {
  readonly name: string;
}

export interface JsonOptions extends GlobalOptions {
  readonly json: boolean;
}

export interface TopicsOptions extends JsonOptions {
  readonly apply: boolean;
}

export interface SimulateOptions extends GlobalOptions {
  readonly port: number;
  readonly speed: number;
  readonly seed: number;
  readonly engine: OktaEngine;
  readonly users: number;
  readonly eventsPerDay: number;
  readonly stateDir: string | undefined;
}

export interface DemoOptions extends GlobalOptions {
  readonly once: boolean;
  readonly speed: number;
  readonly seed: number;
  readonly engine: OktaEngine;
}

/** The bodies of the commands. A body returns the exit code; what it throws is printed with its hint. */
export interface Handlers {
  init(options: InitOptions): Promise<ExitCode>;
  test(options: OrgOptions): Promise<ExitCode>;
  run(options: RunOptions): Promise<ExitCode>;
  once(options: OrgOptions): Promise<ExitCode>;
  replay(options: ReplayOptions): Promise<ExitCode>;
  kris(options: OrgOptions): Promise<ExitCode>;
  why(options: WhyOptions): Promise<ExitCode>;
  runs(options: OrgOptions): Promise<ExitCode>;
  sql(options: SqlOptions): Promise<ExitCode>;
  dlqList(options: OrgOptions): Promise<ExitCode>;
  dlqShow(options: DeadLetterOptions): Promise<ExitCode>;
  dlqRedrive(options: DeadLetterOptions): Promise<ExitCode>;
  secretSet(options: SecretOptions): Promise<ExitCode>;
  secretList(options: JsonOptions): Promise<ExitCode>;
  secretRemove(options: SecretOptions): Promise<ExitCode>;
  secretRotate(options: GlobalOptions): Promise<ExitCode>;
  migrate(options: GlobalOptions): Promise<ExitCode>;
  topics(options: TopicsOptions): Promise<ExitCode>;
  lag(options: OrgOptions): Promise<ExitCode>;
  simulate(options: SimulateOptions): Promise<ExitCode>;
  demo(options: DemoOptions): Promise<ExitCode>;
}
