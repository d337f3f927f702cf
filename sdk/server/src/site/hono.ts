import type { MiddlewareHandler } from 'hono';
import { type Needs, readNeeds } from '../needs.ts';
import type { PorticoSite } from './site.ts';
import { createCookieTaker, type SiteVisitor } from './visit.ts';

export interface HonoSite {
  /** Answers the site's own paths: `app.use(site.routes)`. */
  readonly routes: MiddlewareHandler;
  /** Lets only such users through; then `c.var.siteUser` is one. Throws TypeError for needs that make no sense. */
  requireUser(needs?: Needs): MiddlewareHandler<{ Variables: { siteUser: SiteVisitor } }>;
}

export function siteForHono(site: PorticoSite): HonoSite {
  const cookiesOf = createCookieTaker();
  return {
    routes: async (context, next) => (await site.handle(context.req.raw)) ?? next(),
    requireUser: (needs = {}) => {
      readNeeds(needs);
      return async (context, next) => {
        try {
          const visit = await site.user(context.req.raw);
          for (const line of cookiesOf(visit)) context.header('set-cookie', line, { append: true });
          context.set('siteUser', await visit.require(needs));
        } catch (error) {
          const response = site.refused(error);
          // A renewed sign-in without the role that is asked for is renewed all the same.
          return context.newResponse(response.body, response);
        }
        return next();
      };
    },
  };
}
