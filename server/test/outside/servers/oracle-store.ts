import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider';

/** What the oracle remembers, in memory, with registered clients beside it. */
export interface OracleStore {
  readonly adapter: (name: string) => Adapter;
  readonly clients: Map<string, ClientMetadata>;
  /** All authorization and device codes become too old. */
  expireCodes(): void;
}

/** Epoch seconds long past. */
const LONG_AGO = 1;

export function newOracleStore(): OracleStore {
  const rows = new Map<string, AdapterPayload>();
  const clients = new Map<string, ClientMetadata>();
  const find = async (fits: (payload: AdapterPayload, key: string) => boolean) =>
    [...rows].find(([key, payload]) => fits(payload, key))?.[1];
  const adapter = (name: string): Adapter => ({
    upsert: async (id, payload) => {
      rows.set(`${name} ${id}`, payload);
    },
    find: async (id) => (name === 'Client' ? clients.get(id) : rows.get(`${name} ${id}`)),
    findByUserCode: (userCode) => find((payload, key) => key.startsWith(`${name} `) && payload.userCode === userCode),
    findByUid: (uid) => find((payload, key) => key.startsWith(`${name} `) && payload.uid === uid),
    consume: async (id) => {
      const row = rows.get(`${name} ${id}`);
      if (row !== undefined) row.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => {
      rows.delete(`${name} ${id}`);
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, payload] of rows) if (payload.grantId === grantId) rows.delete(key);
    },
  });
  const expireCodes = () => {
    for (const [key, payload] of rows) if (/^(AuthorizationCode|DeviceCode) /.test(key)) payload.exp = LONG_AGO;
  };
  return { adapter, clients, expireCodes };
}
