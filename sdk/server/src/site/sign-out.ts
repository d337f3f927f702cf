import { isForm, readFields } from '../read-body.ts';
import { SiteRefusal } from '../refusals.ts';
import { reply } from '../replies.ts';
import { safeReturnTo } from '../return-to.ts';
import type { VisitParts } from './visit.ts';

interface Wish {
  readonly everywhere: boolean;
  readonly local: boolean;
  readonly returnTo: unknown;
}

/**
 * `POST /logout`: this browser at every site, with `everywhere` all devices, with `local` this site alone. 204; for a plain form 303 back to
 * the site. If Portico cannot be told, the cookies stay: a sign-out that did not happen must not look as if it had. Only `local` forgets them.
 */
export async function endSignIn(parts: VisitParts, request: Request): Promise<Response> {
  const { everywhere, local, returnTo } = wishOf(await readFields(request));
  const held = parts.tokens.refresh(request.headers);
  if (held !== null) {
    const said = await parts.backend
      .call('signOut', { refreshToken: held.token, everywhere, local })
      .catch((error: unknown) => (local ? null : Promise.reject(error as Error)));
    if (said?.kind === 'refused') throw new SiteRefusal('invalid_fields');
    await forgetHere(parts, request.headers);
  }
  const cookies = parts.tokens.forget();
  if (!isForm(request)) return reply(204, { cookies });
  return reply(303, { location: safeReturnTo(returnTo, parts.origin), cookies });
}

/** The token that was just signed out is refused here at once, not when the stream says so. */
async function forgetHere({ tokens, ended, verifier }: VisitParts, headers: Headers): Promise<void> {
  const access = tokens.access(headers);
  const user = access === null ? null : await verifier.verify(access, { revocation: 'accept' }).catch(() => null);
  if (user?.sid != null) ended.add(user.sid, Number(user.claims.iat));
}

/** A page without scripts says `on` or `true`. */
function wishOf({ everywhere, local, returnTo }: Readonly<Record<string, unknown>>): Wish {
  const yes = (value: unknown) => {
    if (value === undefined || value === false || value === '' || value === 'false') return false;
    if (value === true || value === 'true' || value === 'on') return true;
    throw new SiteRefusal('invalid_fields');
  };
  const wish = { everywhere: yes(everywhere), local: yes(local), returnTo };
  if (wish.everywhere && wish.local) throw new SiteRefusal('invalid_fields');
  return wish;
}
