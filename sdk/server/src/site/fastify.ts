import type { IncomingMessage } from 'node:http';
import { SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Needs, readNeeds } from '../needs.ts';
import { toRequest } from '../node-http.ts';
import { createPorticoSite, type PorticoSite, type SiteOptions } from './site.ts';
import { createCookieTaker, type SiteVisitor } from './visit.ts';

export type { SiteOptions } from './site.ts';

declare module 'fastify' {
  interface FastifyInstance {
    porticoSite: PorticoSite & {
      /** A `preHandler` that lets only such users through; then `request.siteUser` is one. */
      requireUser(needs?: Needs): (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
    };
  }
  interface FastifyRequest {
    siteUser: SiteVisitor;
  }
}

/** Fastify plugin: `await app.register(porticoSite, { issuer, clientId, clientSecretFile, baseUrl })`. The site closes with the app. */
export async function porticoSite(app: FastifyInstance, options: SiteOptions): Promise<void> {
  const site = createPorticoSite(options);
  const cookiesOf = createCookieTaker();
  const requests = new WeakMap<IncomingMessage, Request>();
  const requestOf = ({ raw }: FastifyRequest) => {
    const request = requests.get(raw) ?? toRequest(raw, site.origin) ?? new Request(site.origin);
    requests.set(raw, request);
    return request;
  };
  const send = async (reply: FastifyReply, response: Response): Promise<void> => {
    for (const [name, value] of response.headers) if (name !== 'set-cookie') reply.header(name, value);
    for (const line of response.headers.getSetCookie()) reply.header('set-cookie', line);
    await reply.code(response.status).send(response.body === null ? null : Buffer.from(await response.arrayBuffer()));
  };
  const requireUser = (needs: Needs = {}) => {
    readNeeds(needs);
    return async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        const visit = await site.user(requestOf(request));
        for (const line of cookiesOf(visit)) reply.header('set-cookie', line);
        request.siteUser = await visit.require(needs);
      } catch (error) {
        await send(reply, site.refused(error));
      }
    };
  };
  app.decorate('porticoSite', { ...site, requireUser });
  app.decorateRequest('siteUser');
  app.addHook('onClose', async () => site.close());
  // In a scope of its own: here bodies stay as they come, whatever parsers the app has.
  await app.register(async (own) => {
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', (_request, _body, done) => done(null));
    for (const path of Object.values(SITE_PATHS))
      own.all(SITE_PREFIX + path, { exposeHeadRoute: false }, async (request, reply) => {
        const response = await site.handle(requestOf(request));
        await (response === null ? reply.callNotFound() : send(reply, response));
        return reply;
      });
  });
}

// As fastify-plugin does: what is decorated here belongs to the app that registers it, not to a scope of its own.
Object.assign(porticoSite, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: '@portico/server/site' });
