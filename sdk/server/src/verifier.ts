import { createSessionQuestion } from './ask-session.ts';
import { type Asker, tokenOf } from './bearer.ts';
import { PorticoError } from './errors.ts';
import { createFollower } from './follower.ts';
import { createKeys } from './keys.ts';
import { createLogoutReader, type Logout } from './logout-token.ts';
import { type Asked, type Needs, readNeeds, requireNeeds } from './needs.ts';
import { type RevocationMode, readOptions, type VerifierOptions } from './options.ts';
import { createReader, type ReadToken } from './read-token.ts';
import type { VerifiedUser } from './user.ts';

export interface Verifier {
  /** Throws PorticoError, with the status, headers and body of the answer to give. TypeError for needs that make no sense. */
  verify(asker: Asker, needs?: Needs): Promise<VerifiedUser>;
  /** The same for one route: needs that make no sense throw TypeError here, and not at the first request. */
  guard(needs?: Needs): (asker: Asker) => Promise<VerifiedUser>;
  /** Reads the token of a back-channel logout; each is good once. Throws PorticoError `token_invalid`: then the answer is 400. */
  readLogout(token: string): Promise<Logout>;
  /** Resolves when everything that is revoked was heard for the first time. Until then a token is treated as while nothing is heard. */
  readonly ready: Promise<void>;
  /** Whether revocations are heard at this moment. */
  isFollowing(): boolean;
  close(): void;
}

/**
 * Verifies access tokens without a call for each request. Revocations are heard within a second; while nothing is heard (no beat for five
 * seconds), `revocation` says what happens. Throws TypeError for options that make no sense.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options);
  const { mode, now, leeway, needs: ofEveryRoute } = settings;
  if (settings.credentials === null) settings.warn('no clientSecret: revocations are not heard, and a token is accepted until it expires');
  const keys = createKeys(settings);
  const { kept, read } = createReader(settings, keys);
  const follower = createFollower(settings);
  const ask = createSessionQuestion(settings);

  const requireGood = async (token: ReadToken, wanted: RevocationMode): Promise<void> => {
    const verdict = wanted === 'reject' ? 'unknown' : await ask(token);
    // Never 401 because nobody answers: a browser would refresh, come back, and do so for ever.
    if (verdict === 'unknown') throw new PorticoError('revocation_unknown');
    if (verdict === 'gone') throw new PorticoError('token_revoked');
  };

  const check = async (asker: Asker, asked: Asked): Promise<VerifiedUser> => {
    const text = tokenOf(asker);
    const token = kept(text) ?? (await read(text));
    // Asked of every token every time, however often it was seen: what is kept is what it says, never that it is still good.
    if (follower.isRevoked(token.revocable)) throw new PorticoError('token_revoked');
    const wanted = asked.revocation ?? mode;
    if (wanted !== 'accept' && follower.isStale()) await requireGood(token, wanted);
    requireNeeds(token.user, asked, now() / 1000 - leeway);
    return token.user;
  };

  const nothingMore = readNeeds(ofEveryRoute);
  const askedBy = (needs: Needs | undefined) => (needs === undefined ? nothingMore : readNeeds({ ...ofEveryRoute, ...needs }));
  return {
    verify: async (asker, needs) => check(asker, askedBy(needs)),
    guard: (needs) => {
      const asked = askedBy(needs);
      return (asker) => check(asker, asked);
    },
    readLogout: createLogoutReader(settings, keys),
    ready: follower.ready,
    isFollowing: () => !follower.isStale(),
    close: () => follower.close(),
  };
}
