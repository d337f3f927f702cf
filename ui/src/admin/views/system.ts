/** The process that answered. */
export interface ProgramFacts {
  readonly version: string;
  /** Of the runtime. */
  readonly node: string;
  readonly platform: string;
  readonly pid: number;
  readonly upSeconds: number;
  readonly memoryBytes: number;
}

/** What was found out about one thing that Portico depends on; the words stand in the texts, with what to do about it. */
export interface HealthItem {
  readonly part: 'database' | 'migrations' | 'clock' | 'redis' | 'mail' | 'audit' | 'secrets';
  readonly state: 'ok' | 'warn' | 'fail';
  readonly finding:
    | 'database_answers'
    | 'database_slow'
    | 'database_silent'
    | 'migrations_applied'
    | 'migrations_waiting'
    | 'migrations_differ'
    | 'clock_same'
    | 'clock_ahead'
    | 'clock_behind'
    | 'redis_unset'
    | 'redis_answers'
    | 'redis_silent'
    | 'mail_unset'
    | 'mail_answers'
    | 'mail_open'
    | 'mail_silent'
    | 'audit_genuine'
    | 'audit_unsealed'
    | 'audit_differs'
    | 'secrets_current'
    | 'secrets_waiting'
    | 'master_key_waiting';
  readonly values: Readonly<Record<string, string | number>>;
}

export interface JobItem {
  readonly name: string;
  /** Milliseconds between two runs. */
  readonly every: number;
  /** Epoch milliseconds. */
  readonly lastRunAt: number | null;
  /** `late`: ten of its pauses have gone by. */
  readonly state: 'running' | 'waiting' | 'late' | 'never';
  /** The process that does it now. */
  readonly holder: string | null;
}

/** `taken`: another process is just doing it. `running`: it takes long and goes on. */
export type RunOutcome = 'done' | 'taken' | 'failed' | 'running';

/** What the screen “System” shows. */
export interface SystemContent {
  readonly program: ProgramFacts;
  readonly mode: 'development' | 'production' | 'test';
  /** The server's clock, epoch milliseconds. */
  readonly now: number;
  readonly database: {
    readonly kind: 'sqlite' | 'postgres' | null;
    readonly place: string;
    /** Oldest first. */
    readonly migrations: readonly { readonly name: string; readonly appliedAt: number }[];
  };
  readonly health: readonly HealthItem[];
  readonly jobs: readonly JobItem[];
}
