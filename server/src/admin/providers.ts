import type { ProvidersContent } from '@portico/ui/admin-views';
import { redirectUriOf } from '../auth/auth-providers/at-provider.ts';
import { PROVIDER_SETTINGS, settingsOf } from '../config/provider-settings.ts';
import { type ExplainedSetting, explainConfig } from '../config.ts';
import type { Deps } from '../deps.ts';

/** Every service that there is, offered or not, and what an operator has to copy to it and from it. */
export function listProviders(deps: Deps, explained: readonly ExplainedSetting[] = explainConfig()): ProvidersContent['items'] {
  return PROVIDER_SETTINGS.map((provider) => {
    const { name, label, scope, protocol } = provider.definition;
    const access = Object.hasOwn(deps.config.providers, name) ? deps.config.providers[name] : undefined;
    const isGiven = (setting: string) => explained.some((one) => one.name === setting && one.source !== 'default' && one.value !== '');
    const [clientId, clientSecret] = settingsOf(provider);
    return {
      name,
      label,
      scope,
      protocol,
      offered: access !== undefined,
      clientId: access?.clientId ?? null,
      missing:
        access === undefined ? [clientId, clientSecret].flatMap((one) => (one === undefined || isGiven(one.name) ? [] : [one.name])) : [],
      addresses: provider.addresses.map(({ suffix, setting }) => ({
        name: setting.name,
        value: access?.addresses[suffix] ?? setting.standard,
      })),
      callbacks: [redirectUriOf(deps, name, 'page'), redirectUriOf(deps, name, 'redirect')],
    };
  });
}
