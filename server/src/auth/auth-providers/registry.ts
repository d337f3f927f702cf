import type { ProviderDefinition } from './definition.ts';
import * as providers from './index.ts';

/** In the order of their names, which is the order of their buttons. */
export const AUTH_PROVIDERS: readonly ProviderDefinition[] = Object.values(providers);
