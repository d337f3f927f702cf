import { PorticoError } from './error.ts';
import type { Grant } from './mode.ts';

/** Reads a refresh answer. Throws `offline` for what is none: a hotel's "200 welcome" signs nobody in, and nobody out. */
export function readGrant(body: Readonly<Record<string, unknown>> | null, bearer: boolean): Grant {
  const answer = { gen: 0, expiresAt: null, ...body } as Partial<Grant> & Pick<Grant, 'gen' | 'expiresAt'>;
  const { user, expiresIn, accessToken } = answer;
  if (typeof user?.id !== 'string' || typeof expiresIn !== 'number' || (bearer && typeof accessToken !== 'string'))
    throw new PorticoError('offline');
  return { ...answer, user, expiresIn };
}
