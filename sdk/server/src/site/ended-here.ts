import type { VerifiedUser } from '../user.ts';

/** What a back-channel logout has told this process. The stream of revocations says the same; this serves a site that has none. */
export interface EndedHere {
  add(name: string, issuedAt: number): void;
  isEnded(user: VerifiedUser): boolean;
}

/** Longer than any access token lives, in milliseconds. */
const REMEMBERED = 20 * 60_000;

export function createEndedHere(now: () => number): EndedHere {
  /** By session, or by user: epoch seconds. */
  const endedAt = new Map<string, { readonly issuedAt: number; readonly heardAt: number }>();
  return {
    add: (name, issuedAt) => {
      for (const [old, { heardAt }] of endedAt) {
        if (now() - heardAt < REMEMBERED) break;
        endedAt.delete(old);
      }
      // Again at the end: the oldest stand first.
      endedAt.delete(name);
      endedAt.set(name, { issuedAt, heardAt: now() });
    },
    isEnded: ({ sid, id, claims }) => {
      const ends = [sid, id].map((name) => (name === null ? undefined : endedAt.get(name)?.issuedAt));
      return ends.some((end) => end !== undefined && Number(claims.iat) <= end);
    },
  };
}
