import { OAuthRefusal, Refusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { authorize, authorizeByForm } from '../oauth/authorize.ts';
import type { Answer } from '../sessions/answer.ts';
import { readCaller } from './caller.ts';
import { readParameters } from './oauth-route.ts';
import { sendRedirect } from './send.ts';

/**
 * The one OAuth endpoint that people open. Its answers are redirects; what may not be sent to a site is the error page. Always 303: a 307
 * would carry the body of a sign-in form on to the site (RFC 9700 4.12).
 */
export function registerAuthorize(app: FastifyInstance, deps: Deps): void {
  const { config } = deps;
  const run = (verb: (deps: Deps, caller: Caller, sent: Readonly<Record<string, string>>) => Promise<Answer>) => {
    return async (request: FastifyRequest, reply: FastifyReply) => {
      // Our pages lead back to a path; where the cookies live on another host, it goes on there.
      if (
        request.headers.host !== undefined &&
        config.appOrigin !== config.apiOrigin &&
        request.headers.host === new URL(config.appOrigin).host
      )
        return sendRedirect(config, reply, {}, config.apiOrigin + request.url);
      const { redirectTo = config.appOrigin } = await verb(deps, readCaller(config, request), parametersOf(request));
      return sendRedirect(config, reply, {}, redirectTo);
    };
  };
  // A look that wants no answer (HEAD) must not make a code.
  app.get(OAUTH.authorize, { exposeHeadRoute: false }, run(authorize));
  app.post(OAUTH.authorize, run(authorizeByForm));
}

/** What cannot be read was sent by nobody whom an answer could be sent to. */
function parametersOf(request: FastifyRequest): Readonly<Record<string, string>> {
  try {
    return readParameters(request);
  } catch (cause) {
    if (cause instanceof OAuthRefusal) throw new Refusal('bad_request', { cause });
    throw cause;
  }
}
