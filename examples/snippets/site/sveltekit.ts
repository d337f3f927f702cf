import { createPorticoSite, type SiteOptions } from '@portico/server/site';
import { type SvelteKitError, type SvelteKitEvent, siteForSvelteKit } from '@portico/server/site/sveltekit';

/** `error` is the one of '@sveltejs/kit'. */
export function createHooks(options: SiteOptions, error: SvelteKitError) {
  // src/hooks.server.ts exports `handle`; a +server.ts its GET, POST and DELETE.
  const site = createPorticoSite(options);
  const { handle, requireUser } = siteForSvelteKit(site, error);
  const GET = async (event: SvelteKitEvent) => Response.json({ of: (await requireUser(event)).displayName });
  const POST = async (event: SvelteKitEvent) => Response.json({ addedBy: (await requireUser(event)).id });
  const DELETE = async (event: SvelteKitEvent) => {
    await requireUser(event, { role: 'editor', fresh: '5m' });
    return Response.json({ deleted: true });
  };
  return { site, handle, GET, POST, DELETE };
}
