import type { ClientKind } from '../clients/client.ts';

/** How tokens can be had. `password` and `implicit` do not exist here (RFC 9700 2.1.2, 2.4). */
export const GRANT_TYPES = {
  code: 'authorization_code',
  refresh: 'refresh_token',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  machine: 'client_credentials',
} as const;
export type GrantType = (typeof GRANT_TYPES)[keyof typeof GRANT_TYPES];

const OF_KIND: Readonly<Record<ClientKind, readonly GrantType[]>> = {
  web: [GRANT_TYPES.code, GRANT_TYPES.refresh],
  spa: [GRANT_TYPES.code, GRANT_TYPES.refresh],
  // Whoever has a browser has no use for the device grant, and whoever has none cannot be told from a phisher (RFC 8628 5.4): the fewer may ask, the better.
  native: [GRANT_TYPES.code, GRANT_TYPES.refresh, GRANT_TYPES.device],
  machine: [GRANT_TYPES.machine],
  secondary: [GRANT_TYPES.code, GRANT_TYPES.refresh],
};

/** Each client has only the grants that its kind needs. */
export function mayUseGrant(kind: ClientKind, type: GrantType): boolean {
  return OF_KIND[kind].includes(type);
}

export function isGrantType(text: string): text is GrantType {
  return Object.values<string>(GRANT_TYPES).includes(text);
}
