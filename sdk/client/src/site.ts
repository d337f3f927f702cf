import { SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import { ask, type Reply } from './ask.ts';
import { PorticoError } from './error.ts';
import { readGrant } from './grant.ts';
import type { Mode } from './mode.ts';

/** An app with a backend at its own origin, that keeps the tokens in cookies of its own; no script sees one. */
export function createSiteMode(): Mode {
  const at = (path: string) => location.origin + SITE_PREFIX + path;
  const post = (path: string, signal: AbortSignal, body: object = {}): Promise<Reply> =>
    ask(at(path), { credentials: 'same-origin', signal, body });

  return {
    begin: async (_, signal) => {
      try {
        return readGrant((await ask(at(SITE_PATHS.me), { credentials: 'same-origin', signal })).body, false);
      } catch (error) {
        // The access token has ended; a refresh says more.
        if (error instanceof PorticoError && error.status === 401) return null;
        throw error;
      }
    },
    // The backend makes the attempt out of the token that it alone can read: every tab has the same by itself.
    generation: async () => null,
    refresh: async (_, signal) => readGrant((await post(SITE_PATHS.refresh, signal)).body, false),
    signInAddress: async ({ prompt, loginHint }, { returnTo }) => {
      const more = Object.entries({ prompt, login_hint: loginHint }).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return `${at(SITE_PATHS.signIn)}?${new URLSearchParams([['returnTo', returnTo], ...more]).toString()}`;
    },
    signOut: async (options, _, signal) => void (await post(SITE_PATHS.signOut, signal, options)),
  };
}
