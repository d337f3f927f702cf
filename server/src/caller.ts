import type { Texts } from '@portico/protocol/texts';
import { tokenHash } from './platform/crypto.ts';

/** Where a request came from, as the audit log keeps it. */
export interface Origin {
  readonly requestId: string;
  readonly address: string;
  readonly userAgent: string;
  /** Whoever acts for others: an operator in the admin page. Absent: whoever the event itself names, or nobody. */
  readonly actorId?: string;
}

/** One request as the verbs see it: who seems to ask, from where, with which cookies. Made once, at the HTTP edge. */
export interface Caller extends Origin {
  /** What counters are kept by: an IPv4 address or an IPv6 /64. */
  readonly network: string;
  readonly texts: Texts;
  readonly originHeader: string | null;
  readonly fetchSite: string | null;
  readonly fetchMode: string | null;
  readonly cookies: CallerCookies;
  readonly bearer: string | null;
  /** A client's id and secret, from the Authorization header. */
  readonly basic: { readonly id: string; readonly secret: string } | null;
  /** The proof of a key (RFC 9449), as it came. */
  readonly dpopHeader: string | null;
  readonly attemptHeader: string | null;
  readonly csrfHeader: string | null;
}

/** Well-formed values only; what is malformed is as good as absent, and reaches no database. */
export interface CallerCookies {
  readonly refresh: string | null;
  /** Of an app in the browser, under a name of its own. */
  readonly refreshOfApp: (clientId: string) => string | null;
  readonly access: string | null;
  readonly waiting: string | null;
  readonly device: string | null;
  readonly csrf: string | null;
  readonly transaction: string | null;
  /** The provider that this browser signed in with last: a hint for people, and nothing else. */
  readonly lastWay: string | null;
}

export function hashOf(cookie: string | null): string | null {
  return cookie === null ? null : tokenHash(cookie);
}
