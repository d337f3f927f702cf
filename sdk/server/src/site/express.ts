import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Needs, readNeeds } from '../needs.ts';
import { siteForNode } from './node.ts';
import type { PorticoSite } from './site.ts';
import type { SiteVisitor } from './visit.ts';

declare global {
  namespace Express {
    interface Request {
      /** Set by `requireUser`. */
      siteUser?: SiteVisitor;
    }
  }
}

type Next = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

export interface ExpressSite {
  /** Answers the site's own paths: `app.use(site.routes)`. */
  readonly routes: Middleware;
  /** Lets only such users through; then `request.siteUser` is one. Throws TypeError for needs that make no sense. */
  requireUser(needs?: Needs): Middleware;
}

/** For Express, and whatever else knows its middleware. */
export function siteForExpress(site: PorticoSite): ExpressSite {
  const node = siteForNode(site);
  return {
    routes: (request, response, next) => {
      // A router that is mounted below a path has cut it off.
      const whole = (request as { readonly originalUrl?: string }).originalUrl ?? request.url;
      const asked = whole === request.url ? request : Object.assign(Object.create(request) as IncomingMessage, { url: whole });
      node.handle(asked, response).then((answered) => {
        if (!answered) next();
      }, next);
    },
    requireUser: (needs = {}) => {
      readNeeds(needs);
      return (request, response, next) => {
        node.requireUser(request, response, needs).then((user) => {
          if (user === null) return;
          Object.assign(request, { siteUser: user });
          next();
        }, next);
      };
    },
  };
}
