/** What client sites are, for the pages and the server. */

export const CLIENT_KINDS = ['web', 'spa', 'native', 'machine', 'secondary'] as const;
/** `web` has a backend, `spa` and `native` (games too) have none and so no secret, `machine` has no users, `secondary` is an auth server of its own. */
export type ClientKind = (typeof CLIENT_KINDS)[number];
export const CONFIRMATIONS = ['auto', 'once', 'always'] as const;
export type Confirmation = (typeof CONFIRMATIONS)[number];

/** Clients whose program runs where nobody else can look into it, and so may have a secret. */
export const isConfidential = (kind: ClientKind): boolean => kind === 'web' || kind === 'machine' || kind === 'secondary';
