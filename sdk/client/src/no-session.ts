import type { PorticoSession } from './types.ts';

/** Before anything is known, and on a server that renders for everybody: whose session it is belongs to the browser. */
export const LOADING: PorticoSession = { status: 'loading', user: null, expiresAt: null, verifyUrl: null };

export const NOBODY: PorticoSession = { ...LOADING, status: 'signed-out' };
