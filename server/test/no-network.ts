import { createNetwork, type Network } from '../src/platform/network.ts';

/** For worlds that talk to nobody: a call is a mistake of the test. */
export function noNetwork(): Network {
  return createNetwork({ fetch: async () => Promise.reject(new Error('nobody expected a call')) });
}
