import { PAGES } from '@portico/protocol/routes';
import type { Trouble } from './ask.ts';
import { type PageFrame, pageUrl } from './page-props.ts';

/** Leaves the page. Only to the web: an address that came in an answer must not become a script. */
export function goTo(url: string): void {
  const target = new URL(url, location.href);
  if (target.protocol === 'https:' || target.protocol === 'http:') location.assign(target);
}

/** To the page that asks for a code, which leads on to where the sign-in began. */
export function goToCode(verifyUrl: string, returnTo: string): void {
  const url = new URL(verifyUrl, location.href);
  if (returnTo !== '' && returnTo !== PAGES.dashboard) url.searchParams.set('returnTo', returnTo);
  goTo(url.href);
}

/** After a proof: to where the sign-in began, or to the account. */
export function goOn(frame: PageFrame, returnTo: string): void {
  goTo(returnTo === '' ? pageUrl(frame, 'dashboard') : returnTo);
}

/** Where somebody who is signed in shows once more who they are, before what is at `returnTo`. */
export function proofUrl(frame: PageFrame, returnTo: string): string {
  return `${pageUrl(frame, 'dashboardProof')}?returnTo=${encodeURIComponent(returnTo)}`;
}

/** True when the page is being left because of it. Trouble on the way to the server, or the server's own, never ends a sign-in. */
export function leaveFor(frame: PageFrame, trouble: Trouble): boolean {
  const way = WAYS_OUT[trouble.error];
  way?.(frame, trouble);
  return way !== undefined;
}

const WAYS_OUT: Readonly<Partial<Record<Trouble['error'], (frame: PageFrame, trouble: Trouble) => void>>> = {
  session_held: (frame, { verifyUrl }) => goTo(verifyUrl ?? pageUrl(frame, 'verifySignIn')),
  session_ended: (frame) => goTo(`${pageUrl(frame, 'signIn')}?notice=session_ended`),
  // A sensitive act: to the page that asks who it is, and back to this one.
  fresh_signin_required: (frame) => goTo(proofUrl(frame, location.pathname)),
  // Nobody was signed in: there is nothing to explain.
  refresh_invalid: (frame) => goTo(pageUrl(frame, 'signIn')),
  signed_out: (frame) => goTo(pageUrl(frame, 'signIn')),
  user_changed: () => location.reload(),
  // Whoever dropped the call leads on.
  dropped: () => {},
};
