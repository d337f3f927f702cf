import { createHash } from 'node:crypto';
import type { RevocableToken, Revocation } from '@portico/protocol/revocations';
import type { Notices } from './notices.ts';
import type { Redis } from './redis.ts';
import type { Denylist } from './revoked-set.ts';

/**
 * The denylist of founding document 003: what was revoked, in Redis, for as long as a token can still say otherwise. It is where other
 * nodes see a revocation first; that the list is complete nobody relies on.
 */
export function createDenylist(redis: Redis, origin: string, now: () => number): Denylist & Notices {
  const prefix = prefixOf(origin);
  const channel = `${prefix}:revoked`;
  const key = (kind: Revocation['kind'], subject: string) => `${prefix}:${kind}:${subject}`;
  const pending = new Set<Promise<unknown>>();
  return {
    announce: ({ kind, subject, minimumUv, expiresAt }) => {
      const life = Math.ceil(expiresAt - now());
      if (life <= 0) return;
      // Of two versions that are written at once the lower one may stay here; memory knows the higher one a second later.
      const done: Promise<unknown> = redis
        .writeAndCall(key(kind, subject), String(minimumUv ?? 0), life, channel)
        .finally(() => pending.delete(done));
      pending.add(done);
    },
    isDenied: async (token) => {
      const asked = questionsAbout(token);
      const answers = await redis.read(asked.map(({ kind, subject }) => key(kind, subject)));
      return answers?.some((value, at) => value !== null && asked[at]?.denies(Number(value)) === true) ?? false;
    },
    listen: (hear, missed) => redis.listen(channel, hear, missed),
    close: async () => {
      await Promise.all(pending);
      redis.close();
    },
  };
}

/** Two installations may share one Redis, and client ids are words. */
export function prefixOf(origin: string): string {
  return `portico:${createHash('sha256').update(origin).digest('base64url').slice(0, 11)}`;
}

interface Question {
  readonly kind: Revocation['kind'];
  readonly subject: string;
  /** What a value under that key means for the token. */
  readonly denies: (minimum: number) => boolean;
}

function questionsAbout({ sid, fid, kid, sub, uv, aud, cv }: RevocableToken): readonly Question[] {
  const gone = () => true;
  return [
    ...(sid === undefined ? [] : [{ kind: 'sid' as const, subject: sid, denies: gone }]),
    ...(fid === undefined ? [] : [{ kind: 'family' as const, subject: fid, denies: gone }]),
    ...(kid === undefined ? [] : [{ kind: 'kid' as const, subject: kid, denies: gone }]),
    ...(uv === undefined ? [] : [{ kind: 'sub' as const, subject: sub, denies: (minimum: number) => minimum > uv }]),
    ...(cv === undefined ? [] : [{ kind: 'client' as const, subject: aud, denies: (minimum: number) => minimum > cv }]),
  ];
}
