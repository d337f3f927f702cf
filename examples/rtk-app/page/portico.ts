import { createPortico, type SignOutOptions } from '@portico/client';

const { issuer = '', clientId = '' } = document.body.dataset;

/** The app lives on Portico's own site: the refresh token stays in a cookie that no script reads. */
export const portico = createPortico({
  issuer,
  clientId,
  mode: 'cookie',
  redirectUri: `${location.origin}/`,
  scope: 'profile email',
});

let isLeaving = false;

/** Ends at the front page of this app, not at the sign-in page. */
export async function signOut(options: SignOutOptions): Promise<void> {
  isLeaving = true;
  try {
    await portico.signOut(options);
  } finally {
    isLeaving = false;
  }
}

/** A sign-in that ends in the middle of use leads to the sign-in page, and from there back to this place. Answers how to stop. */
export function signInAgain(onTrouble: (error: unknown) => void): () => void {
  let was = portico.session.status;
  return portico.subscribe(({ status }) => {
    if (was === 'signed-in' && status === 'signed-out' && !isLeaving) portico.signIn().catch(onTrouble);
    was = status;
  });
}
