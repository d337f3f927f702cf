import type { ProviderDefinition } from './definition.ts';
import { discord } from './discord.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { google } from './google.ts';

/** Every provider, in the order of their buttons. A new one is its file and its line here. */
export const AUTH_PROVIDERS: readonly ProviderDefinition[] = [github, google, gitlab, discord];
