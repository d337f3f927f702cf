import { APP_PATHS, VERIFY_SIGN_IN_PAGE } from '@portico/protocol/app-routes';
import { HEADERS } from '@portico/protocol/cookies';
import { type App, findPlace, type Place } from './app.ts';
import { ask, type Question, type Reply } from './ask.ts';
import { PorticoError } from './error.ts';
import { readGrant } from './grant.ts';
import { forget, keep, recall } from './kept.ts';
import type { Mode } from './mode.ts';
import { authorizeAddress, remember } from './sign-in.ts';
import { isRetry, pause } from './spend.ts';

/** An app on Portico's own site: the refresh token is in a cookie of Portico's that no script sees, the access token in memory. */
export function createCookieMode(app: App, place: Place): Mode {
  const key = [app.scope, 'generation'];
  let said: number | null = null;

  function call(path: string, signal: AbortSignal, question: Pick<Question, 'headers' | 'body'> = {}): Promise<Reply> {
    return ask(place.api + path, { credentials: 'include', signal, body: {}, ...question });
  }

  /** GET session: where the generation is not known. Throws what a refresh would. */
  async function look(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const { body }: Pick<Reply, 'body'> = await ask(place.api + APP_PATHS.session, { credentials: 'include', signal }).catch(
      (error: unknown) => {
        // It cannot be read at this moment, but its generation is told.
        if (isRetry(error) && typeof error.answer['gen'] === 'number') return { body: { ...error.answer, status: 'VERIFIED' } };
        throw error;
      },
    );
    const { status } = body ?? {};
    if (status === 'VERIFIED') return body ?? {};
    if (status === 'SIGNED_OUT') throw new PorticoError('session_ended', { status: 400 });
    if (status !== 'HELD' && status !== 'UNVERIFIED') throw new PorticoError('offline');
    throw new PorticoError('session_held', {
      status: 403,
      answer: { verifyUrl: body?.['verifyUrl'] ?? place.pages + VERIFY_SIGN_IN_PAGE },
    });
  }

  return {
    begin: async (back) => {
      // A family that was opened a moment ago; nothing depends on it.
      if (back !== null && back.error === null) await keep(key, 0).catch(() => undefined);
      return null;
    },
    generation: async (again, signal) => {
      // The tabs share one cookie, and so what is known of it. Null: this browser stores nothing, so no attempt either.
      const stored = await recall<number>(key).catch(() => null);
      if (stored === null) said = null;
      else if (stored !== undefined && !(again && stored === said)) said = stored;
      else {
        const { gen } = await look(signal);
        said = typeof gen === 'number' ? gen : null;
      }
      return said;
    },
    refresh: async (attempt, signal, csrfToken) => {
      const headers = {
        ...(attempt === null ? {} : { [HEADERS.attempt]: attempt }),
        ...(csrfToken === undefined ? {} : { [HEADERS.csrf]: csrfToken }),
      };
      const { body } = await call(csrfToken === undefined ? APP_PATHS.refresh : APP_PATHS.extendHard, signal, { headers });
      const grant = readGrant(body, true);
      if (!signal.aborted) keep(key, grant.gen).catch(() => undefined);
      return grant;
    },
    forget: () => forget(key),
    signInAddress: async (options, leaving, signal) => {
      const there = await findPlace(app, signal, true);
      // Not stored: the sign-in is good all the same, by its cookie; only the way back inside the app is lost.
      remember(app, leaving);
      return authorizeAddress(app, there, options, { response_type: 'none', state: leaving.state });
    },
    signOut: async (options, csrfToken, signal) => {
      let token: unknown = csrfToken;
      for (let tries = 0; ; tries += 1) {
        try {
          token ??= (await look(signal).catch(unlessEnded))['csrfToken'];
          const headers = typeof token === 'string' ? { [HEADERS.csrf]: token } : {};
          await call(APP_PATHS.signOut, signal, { headers, body: options });
          return await forget(key).catch(() => undefined);
        } catch (error) {
          // The page is older than its token, or the cookie moves at this moment.
          const again = error instanceof PorticoError && ['csrf_failed', 'retry'].includes(error.code);
          if (!again || tries === 2) throw error;
          token = null;
          await pause(100, signal);
        }
      }
    },
    extendSoft: async (signal) => void (await call(APP_PATHS.extendSoft, signal)),
  };
}

/** Sign-out is idempotent, and a sign-in that waits can be left too: both without a CSRF token. */
function unlessEnded(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof PorticoError && ['session_ended', 'session_held'].includes(error.code)) return {};
  throw error;
}
