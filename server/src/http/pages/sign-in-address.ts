import { PAGES } from '@portico/protocol/routes';

/** The sign-in page, for whoever comes back from there to where they began. */
export function signInAddress(returnTo: string): string {
  return withReturnTo(PAGES.signIn, returnTo);
}

/** The page that asks for a code, likewise. */
export function verifyAddress(returnTo: string): string {
  return withReturnTo(PAGES.verifySignIn, returnTo);
}

function withReturnTo(page: string, returnTo: string): string {
  return returnTo === '' || returnTo === PAGES.dashboard ? page : `${page}?returnTo=${encodeURIComponent(returnTo)}`;
}
