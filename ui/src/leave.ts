import type { Trouble } from './ask.ts';
import { type PageFrame, pageUrl } from './page-props.ts';

/** Leaves the page. Only to the web: an address that came in an answer must not become a script. */
export function goTo(url: string): void {
  const target = new URL(url, location.href);
  if (target.protocol === 'https:' || target.protocol === 'http:') location.assign(target);
}

/** After a proof: to where the sign-in began, or to the account. */
export function goOn(frame: PageFrame, returnTo: string): void {
  goTo(returnTo === '' ? pageUrl(frame, 'dashboard') : returnTo);
}

/** True when the page is being left because of it. Trouble on the way to the server, or the server's own, never ends a sign-in. */
export function leaveFor(frame: PageFrame, trouble: Trouble): boolean {
  switch (trouble.error) {
    case 'session_held':
      goTo(trouble.verifyUrl ?? pageUrl(frame, 'verifySignIn'));
      return true;
    case 'session_ended':
      goTo(`${pageUrl(frame, 'signIn')}?notice=session_ended`);
      return true;
    // Nobody was signed in: there is nothing to explain.
    case 'refresh_invalid':
    case 'signed_out':
      goTo(pageUrl(frame, 'signIn'));
      return true;
    case 'user_changed':
      location.reload();
      return true;
    // Whoever dropped the call leads on.
    case 'dropped':
      return true;
    default:
      return false;
  }
}
