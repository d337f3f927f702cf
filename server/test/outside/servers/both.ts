import type { AuthServer } from './auth-server.ts';
import { startOracle } from './oracle.ts';
import { startRunningPortico } from './running-portico.ts';

/** Every client visits both: what it does at a server that it is known to work with shows that nothing was bent for ours. */
export const SERVERS: readonly { readonly at: string; readonly start: () => Promise<AuthServer> }[] = [
  { at: 'oidc-provider', start: () => startOracle() },
  { at: 'Portico', start: () => startRunningPortico() },
];
