import { HEADERS } from '@portico/protocol/cookies';
import { OAUTH } from '@portico/protocol/routes';
import { type App, findPlace, type Place } from './app.ts';
import { ask } from './ask.ts';
import { PorticoError } from './error.ts';
import { readGrant } from './grant.ts';
import { forget, inStore, keep, recall } from './kept.ts';
import type { Grant, Mode } from './mode.ts';
import { createKeyring, proofOf, sha256, thumbprint } from './proof.ts';
import { authorizeAddress, redirectUriOf, remember } from './sign-in.ts';

/** What this browser holds of a sign-in. */
interface Kept {
  readonly refreshToken: string;
  readonly gen: number;
}

type Fields = Readonly<Record<string, string>>;

/** An app on another site, without a backend: it keeps a refresh token that only its own key can use. Access tokens stay in memory. */
export function createPkceMode(app: App, place: Place): Mode {
  const at = [app.scope, 'token'];
  const key = createKeyring(app.scope);
  const { origin } = new URL(place.api);
  /** Where this browser stores nothing: the sign-in lasts as long as the page. */
  let memory: Kept | null = null;
  /** What this machine's clock is behind Portico's, in milliseconds. */
  let behind = 0;

  async function held(): Promise<Kept | null> {
    return (await recall<Kept>(at).catch(() => null)) ?? memory;
  }

  async function post(path: string, fields: Fields, signal: AbortSignal, headers: Fields = {}): Promise<Readonly<Record<string, unknown>>> {
    const url = origin + path;
    for (let again = false; ; again = true) {
      const proof = await proofOf((await key()).pair, url, Date.now() + behind);
      const body = new URLSearchParams({ ...fields, client_id: app.clientId });
      try {
        return (await ask(url, { credentials: 'omit', signal, body, headers: { ...headers, [HEADERS.dpop]: proof } })).body ?? {};
      } catch (error) {
        const date = error instanceof PorticoError && error.code === 'invalid_dpop_proof' ? error.answer['date'] : null;
        if (again || typeof date !== 'string') throw error;
        // A clock two hours wrong: Portico's own is the one that counts.
        behind = Date.parse(date) - Date.now();
      }
    }
  }

  function tokens(fields: Fields, signal: AbortSignal, headers?: Fields): Promise<{ kept: Kept; grant: Grant }> {
    return post(OAUTH.token, fields, signal, headers).then(readTokens);
  }

  /** False: somebody signed out or in meanwhile, in another tab. What is newer is never written over. */
  async function replace(old: Kept, next: Kept): Promise<boolean> {
    if (memory === old) {
      memory = next;
      return true;
    }
    return inStore<boolean>((store, give) => {
      const found = store.get(at) as IDBRequest<Kept | undefined>;
      found.onsuccess = () => {
        if (found.result?.refreshToken === old.refreshToken) store.put(next, at);
        give(found.result !== undefined);
      };
    });
  }

  return {
    begin: async (back, signal) => {
      if (back?.code == null) return null;
      const redirectUri = redirectUriOf(await findPlace(app, signal, true));
      const { verifier } = back.leaving;
      const fields = { grant_type: 'authorization_code', code: back.code, redirect_uri: redirectUri, code_verifier: verifier };
      // Once: a code that comes again ends what it has issued.
      const { kept, grant } = await tokens(fields, signal);
      if (signal.aborted) throw new PorticoError('dropped');
      await keep(at, kept).catch(() => {
        memory = kept;
      });
      return grant;
    },
    generation: async () => {
      const kept = await held();
      if (kept === null) throw new PorticoError('session_ended', { status: 400 });
      return kept.gen;
    },
    refresh: async (attempt, signal) => {
      const old = await held();
      if (old === null) throw new PorticoError('session_ended', { status: 400 });
      // Another tab was faster: its token, its generation.
      if (attempt !== null && !attempt.startsWith(`${old.gen}.`)) throw new PorticoError('retry');
      const fields = { grant_type: 'refresh_token', refresh_token: old.refreshToken };
      const headers: Fields = attempt === null ? {} : { [HEADERS.attempt]: attempt };
      try {
        const { kept, grant } = await tokens(fields, signal, headers);
        if (signal.aborted) throw new PorticoError('dropped');
        if (!(await replace(old, kept))) throw new PorticoError('session_ended', { status: 400 });
        return grant;
      } catch (error) {
        throw await inOurWords(error, old);
      }
    },
    signInAddress: async (options, leaving, signal) => {
      // Without the verifier no code can be redeemed.
      if (!remember(app, leaving)) throw new PorticoError('storage_unavailable');
      const { pair, kept } = await key();
      return authorizeAddress(app, await findPlace(app, signal, true), options, {
        response_type: 'code',
        state: leaving.state,
        code_challenge: await sha256(leaving.verifier),
        code_challenge_method: 'S256',
        // RFC 9449 10: whoever reads the code from the address cannot bind it to a key of their own.
        dpop_jkt: kept ? await thumbprint(pair) : undefined,
      });
    },
    signOut: async ({ local = false, everywhere = false }, _, signal) => {
      const kept = await held();
      if (kept === null) return;
      // Portico's cookies are out of reach from here, and worth nothing once their session has ended.
      const ends = local ? 'grant' : everywhere ? 'everywhere' : 'session';
      await post(OAUTH.revoke, { token: kept.refreshToken, portico_ends: ends }, signal);
      memory = null;
      await forget(at).catch(() => undefined);
    },
  };

  /** A refusal counts only for the token that is held: another tab may have moved on, and this one then reads again. */
  async function inOurWords(error: unknown, refused: Kept): Promise<unknown> {
    if (!(error instanceof PorticoError)) return error;
    const { code, status, answer } = error;
    if (code === 'temporarily_unavailable') return new PorticoError('retry', { status, answer });
    if (code !== 'invalid_grant') return error;
    const now = await held();
    if (now !== null && now.refreshToken !== refused.refreshToken) return new PorticoError('retry', { status });
    const verifyUrl = answer['portico_verify_url'];
    if (typeof verifyUrl === 'string') return new PorticoError('session_held', { status, answer: { verifyUrl } });
    memory = null;
    await forget(at).catch(() => undefined);
    return new PorticoError('session_ended', { status, answer });
  }
}

function readTokens(body: Readonly<Record<string, unknown>>): { kept: Kept; grant: Grant } {
  const { access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken, portico } = body;
  const grant = readGrant({ ...(portico as object | undefined), accessToken, expiresIn }, true);
  if (typeof refreshToken !== 'string') throw new PorticoError('offline');
  return { grant, kept: { refreshToken, gen: grant.gen } };
}
