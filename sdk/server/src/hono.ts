import type { MiddlewareHandler } from 'hono';
import { PorticoError } from './errors.ts';
import type { Needs } from './needs.ts';
import type { VerifierOptions } from './options.ts';
import type { VerifiedUser } from './user.ts';
import { createVerifier, type Verifier } from './verifier.ts';

/** What a route behind `requireUser` finds in `c.var`. */
export interface PorticoVariables {
  readonly Variables: { readonly user: VerifiedUser };
}

export interface HonoPortico {
  readonly verifier: Verifier;
  /** A middleware that lets only such users through; then `c.var.user` is one. Throws TypeError for needs that make no sense. */
  requireUser(needs?: Needs): MiddlewareHandler<PorticoVariables>;
}

/** For Hono: `const { requireUser } = portico({ issuer, audience, clientSecret })`. Close `verifier` with the server. */
export function portico(options: VerifierOptions): HonoPortico {
  const verifier = createVerifier(options);
  return {
    verifier,
    requireUser: (needs) => {
      const check = verifier.guard(needs);
      return async (c, next) => {
        try {
          c.set('user', await check(c.req.raw));
        } catch (error) {
          if (!(error instanceof PorticoError)) throw error;
          return error.toResponse();
        }
        return next();
      };
    },
  };
}
