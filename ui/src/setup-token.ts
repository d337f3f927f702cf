/** Between the page of a setup link and the sign-in that it may need first, in this tab alone. */
const KEPT = 'portico-setup';

/**
 * The secret of a setup link: out of the address, and out of the history with it; or what this tab kept while somebody signed in. Null
 * where there is none.
 */
export function takeSetupToken(): string | null {
  const fromAddress = location.hash.slice(1);
  if (fromAddress !== '') history.replaceState(history.state, '', location.pathname + location.search);
  const kept = takeKept();
  return fromAddress === '' ? kept : fromAddress;
}

/** Whoever keeps nothing is asked for the code again. */
export function keepSetupToken(token: string): void {
  try {
    sessionStorage.setItem(KEPT, token);
  } catch {
    return;
  }
}

/** Out of what was pasted: the code, or the whole link. */
export function codeOf(pasted: string): string {
  return pasted.slice(pasted.lastIndexOf('#') + 1).trim();
}

function takeKept(): string | null {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return kept;
  } catch {
    return null;
  }
}
