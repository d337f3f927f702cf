import type { InjectOptions } from 'fastify';
import type { Whereabouts } from '../../src/platform/open-database.ts';

/** What a test asks of one of several node processes that share a database. Everything here travels as JSON. */
export type NodeJob =
  /** Opens the database. */
  | { readonly kind: 'begin'; readonly where: Whereabouts; readonly masterKey: string }
  /** Spends tokens at once, at a moment that all processes agreed on. */
  | { readonly kind: 'spend'; readonly spends: readonly Spend[]; readonly at: number }
  /** Shows client assertions at once, at a moment that all processes agreed on. */
  | { readonly kind: 'assert'; readonly assertions: readonly string[]; readonly at: number }
  /** One HTTP request. */
  | { readonly kind: 'request'; readonly request: InjectOptions }
  /** How many passwords were hashed or compared here so far. */
  | { readonly kind: 'hashes' }
  /** Does so many things of all kinds to the same few sign-ins. */
  | { readonly kind: 'mingle'; readonly signIns: readonly SharedSignIn[]; readonly acts: number; readonly seed: number }
  | { readonly kind: 'end' };

export interface Spend {
  readonly token: string;
  readonly attempt: string;
  readonly deviceHash: string | null;
}

export interface SpendResult {
  readonly kind: string;
  readonly refreshToken: string | null;
}

export interface SharedSignIn {
  readonly userId: string;
  readonly sessionId: string;
  readonly refreshToken: string;
  readonly device: string | null;
}

/** One thing that a process did while it mingled, by the machine's clock. */
export interface Deed {
  readonly what: string;
  readonly sid: string;
  readonly beganAt: number;
  readonly endedAt: number;
  /** When it handed out an access token: its `exp`, in seconds. */
  readonly exp?: number;
}

/** What each job answers. */
export interface NodeAnswers {
  readonly begin: null;
  readonly spend: readonly SpendResult[];
  readonly request: {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
    readonly body: string;
  };
  /** Which of them proved their client. */
  readonly assert: readonly boolean[];
  readonly hashes: number;
  readonly mingle: readonly Deed[];
  readonly end: null;
}

export interface NodeMessage {
  readonly id: number;
  readonly job: NodeJob;
}

export type NodeReply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly failure: string };
