import { OAuthRefusal, Refusal } from '@portico/protocol/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { readCaller } from './caller.ts';
import { type OAuthRoute, type Parameters, readParameters } from './oauth-route.ts';
import { sendRedirect } from './send.ts';

/**
 * The OAuth endpoints that people open: a site sends their browser there. They answer with redirects, and with the error page where nothing
 * may be sent to a site. Always 303: a 307 would carry the body of a form on to the next place (RFC 9700 4.12).
 */
export function registerBrowserOAuth(app: FastifyInstance, deps: Deps, routes: readonly OAuthRoute[]): void {
  const { config } = deps;
  for (const { method, path, summary, run } of routes.filter(({ asker }) => asker === 'browser')) {
    app.route({
      method,
      url: path,
      // A look that wants no answer (HEAD) must not make a code.
      exposeHeadRoute: false,
      schema: { summary },
      handler: async (request, reply) => {
        if (isOnPagesHost(config, request)) return sendRedirect(config, reply, {}, config.apiOrigin + request.url);
        const answer = await run(deps, readCaller(config, request), parametersOf(request));
        return sendRedirect(config, reply, answer, answer.redirectTo ?? config.appOrigin);
      },
    });
  }
}

/** Our pages lead back by a path. Where the cookies live on another host than the pages, it goes on there. */
function isOnPagesHost(config: Config, { headers }: FastifyRequest): boolean {
  return config.appOrigin !== config.apiOrigin && headers.host === new URL(config.appOrigin).host;
}

/** What cannot be read was sent by nobody whom an answer could be sent to. */
function parametersOf(request: FastifyRequest): Parameters {
  try {
    return readParameters(request);
  } catch (cause) {
    if (cause instanceof OAuthRefusal) throw new Refusal('bad_request', { cause });
    throw cause;
  }
}
