import type { Request, RequestHandler } from 'express';
import { PorticoError } from './errors.ts';
import type { Needs } from './needs.ts';
import type { VerifierOptions } from './options.ts';
import type { VerifiedUser } from './user.ts';
import { createVerifier, type Verifier } from './verifier.ts';

declare global {
  namespace Express {
    interface User extends VerifiedUser {}
    interface Request {
      /** Behind `requireUser`; `userOf` reads it as one that is there. */
      user?: User | undefined;
    }
  }
}

export interface ExpressPortico {
  readonly verifier: Verifier;
  /** A middleware that lets only such users through; then `request.user` is one. Throws TypeError for needs that make no sense. */
  requireUser(needs?: Needs): RequestHandler;
}

/** For Express 5: `const { requireUser } = portico({ issuer, audience, clientSecret })`. Close `verifier` with the server. */
export function portico(options: VerifierOptions): ExpressPortico {
  const verifier = createVerifier(options);
  return {
    verifier,
    requireUser: (needs) => {
      const check = verifier.guard(needs);
      return async (request, response, next) => {
        try {
          request.user = await check(request);
        } catch (error) {
          if (!(error instanceof PorticoError)) throw error;
          response.status(error.status).set(error.headers).json(error.body);
          return;
        }
        next();
      };
    },
  };
}

/** The user that `requireUser` let through. Throws TypeError on a route without it. */
export function userOf({ user }: Pick<Request, 'user'>): VerifiedUser {
  if (user === undefined) throw new TypeError('there is no requireUser() on this route');
  return user;
}
