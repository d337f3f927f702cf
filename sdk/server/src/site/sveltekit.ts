import type { Needs } from '../needs.ts';
import type { PorticoSite } from './site.ts';
import type { SiteVisitor, Visit } from './visit.ts';

/** As much of SvelteKit's event as is used here. */
export interface SvelteKitEvent {
  readonly request: Request;
  readonly locals: object;
}

interface Handling<Own extends SvelteKitEvent> {
  readonly event: Own;
  readonly resolve: (event: Own) => Response | Promise<Response>;
}

export type SvelteKitError = (status: number, body: { message: string }) => never;

export interface SvelteKitSite {
  /** `export const handle = site.handle`: answers the site's own paths, and puts the user, or null, into `locals.siteUser`. */
  handle<Own extends SvelteKitEvent>(handling: Handling<Own>): Promise<Response>;
  /** In `load`, actions and endpoints. Throws what `error` of SvelteKit throws. */
  requireUser(event: Pick<SvelteKitEvent, 'locals'>, needs?: Needs): Promise<SiteVisitor>;
}

/** `error` is SvelteKit's own, from `@sveltejs/kit`: what another copy of it throws is none to the app. */
export function siteForSvelteKit(site: PorticoSite, error: SvelteKitError): SvelteKitSite {
  /** By `locals`, the one object that all views of an event share. */
  const visits = new WeakMap<object, Visit>();
  return {
    handle: async ({ event, resolve }) => {
      const own = await site.handle(event.request);
      if (own !== null) return own;
      let cookies: readonly string[] = [];
      try {
        const visit = await site.user(event.request);
        Object.assign(event.locals, { siteUser: visit.user });
        visits.set(event.locals, visit);
        ({ cookies } = visit);
      } catch (problem) {
        return site.refused(problem);
      }
      const resolved = await resolve(event);
      if (cookies.length === 0) return resolved;
      // The headers of an answer that was fetched cannot be written.
      const response = new Response(resolved.body, resolved);
      for (const line of cookies) response.headers.append('set-cookie', line);
      return response;
    },
    requireUser: async (event, needs) => {
      const visit = visits.get(event.locals);
      if (visit === undefined) throw new TypeError('hooks.server.ts does not export the handle of the site');
      try {
        return await visit.require(needs);
      } catch (problem) {
        const response = site.refused(problem);
        const { error: code, message } = (await response.json()) as { readonly error: string; readonly message: string };
        return error(response.status, Object.assign({ message }, { code }));
      }
    },
  };
}
