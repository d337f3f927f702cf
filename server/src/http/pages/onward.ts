import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { isRequestPath } from '../../oauth/asking-site.ts';
import type { Answer } from '../../sessions/answer.ts';
import { sendRedirect, writeCookies } from '../send.ts';
import type { PageRenderer } from './render.ts';

export type GoOn = (
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Pick<Answer, 'cookies' | 'clearSiteData'>,
  to: string,
) => FastifyReply;

/**
 * From a plain form to the page that comes next. What ends at another site goes by way of a page: a redirect would do only if
 * `form-action` named every site that a request may lead back to.
 */
export function goOnWith(config: Config, renderer: PageRenderer): GoOn {
  return (request, reply, answer, to) => {
    const path = to.startsWith(`${config.appOrigin}/`) ? to.slice(config.appOrigin.length) : to;
    return isRequestPath(path) ? goAway(config, renderer)(request, reply, answer, to) : sendRedirect(config, reply, answer, to);
  };
}

/** The same for an address that is known to end elsewhere. */
export function goAway(config: Config, renderer: PageRenderer): GoOn {
  return (request, reply, answer, to) => {
    writeCookies(config, reply, answer);
    return renderer.send(request, reply.header('refresh', `0; url=${to}`), { page: 'onward', to });
  };
}
