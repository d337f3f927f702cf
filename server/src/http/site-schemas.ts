import { fields, line, name128, type Static, yesOrNo } from './schemas.ts';

/** What client sites and their backends may send. What was made here is in its own form when it comes back; anything else names nothing. */

const count = { type: 'integer', minimum: 0 } as const;
const refreshToken = line(1, 200);
const codeVerifier = line(1, 256);

export const CodeBody = fields({ code: line(1, 200), codeVerifier, redirectUri: line(1, 2048) }, ['code', 'redirectUri']);
export type CodeBody = Static<typeof CodeBody>;

export const BackendRefreshBody = fields({ refreshToken, attempt: line(1, 64) }, ['refreshToken']);
export type BackendRefreshBody = Static<typeof BackendRefreshBody>;

export const PeekBody = fields({ refreshToken }, ['refreshToken']);
export type PeekBody = Static<typeof PeekBody>;

export const SessionQuestionBody = fields(
  { sid: name128, sub: line(1, 64), uv: count, fid: name128, cv: count, kid: line(1, 128), clientId: line(1, 64) },
  ['sid'],
);
export type SessionQuestionBody = Static<typeof SessionQuestionBody>;

/** S256 (RFC 7636 4.2), under the name that OAuth has for it. */
export const ChallengeQuery = fields({ code_challenge: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' } }, ['code_challenge']);
export type ChallengeQuery = Static<typeof ChallengeQuery>;

export const TicketBody = fields({ ticket: line(1, 2048), codeVerifier }, ['ticket', 'codeVerifier']);
export type TicketBody = Static<typeof TicketBody>;

export const JoinTicketBody = fields({ clientId: line(1, 64) }, ['clientId']);
export type JoinTicketBody = Static<typeof JoinTicketBody>;

export const JoinBody = fields({ ticket: line(1, 2048) }, ['ticket']);
export type JoinBody = Static<typeof JoinBody>;

export const BackendSignOutBody = fields({ refreshToken, everywhere: yesOrNo, local: yesOrNo }, ['refreshToken']);
export type BackendSignOutBody = Static<typeof BackendSignOutBody>;
