import type { Addresses, AddressSetting, ProviderAccess, ProviderDefinition } from '../auth/auth-providers/definition.ts';
import { AUTH_PROVIDERS } from '../auth/auth-providers/registry.ts';
import { clientId, clientSecret, webAddress } from './kinds.ts';
import { type Setting, setting } from './settings.ts';

/** The settings of every provider follow from its definition: nobody writes them down twice. */
export interface ProviderSettings {
  readonly definition: ProviderDefinition;
  readonly clientId: Setting<string>;
  readonly clientSecret: Setting<string>;
  readonly addresses: readonly { readonly suffix: AddressSetting['suffix']; readonly setting: Setting<string> }[];
}

export const PROVIDER_SETTINGS: readonly ProviderSettings[] = AUTH_PROVIDERS.map((definition) => {
  const { label, addresses } = definition;
  const name = (suffix: string) => `PORTICO_${definition.name.toUpperCase()}_${suffix}`;
  return {
    definition,
    clientId: setting(
      name('CLIENT_ID'),
      clientId,
      '',
      `Client id of this installation at ${label}. Empty: signing in with ${label} is not offered.`,
    ),
    clientSecret: setting(name('CLIENT_SECRET'), clientSecret, '', `Its client secret.`),
    addresses: addresses.map(({ suffix, standard, sentence }) => ({
      suffix,
      setting: setting(name(suffix), webAddress, standard, `${label}: ${sentence}`),
    })),
  };
});

export function settingsOf(provider: ProviderSettings): readonly Setting<string>[] {
  return [provider.clientId, provider.clientSecret, ...provider.addresses.map((address) => address.setting)];
}

/** Everything that was given for one provider, offered or not. */
export interface GivenProvider extends ProviderAccess {
  readonly settings: ProviderSettings;
}

/** What each provider was given, read with `read`. */
export function readProviders(read: (setting: Setting<string>) => string): readonly GivenProvider[] {
  return PROVIDER_SETTINGS.map((settings) => ({
    settings,
    clientId: read(settings.clientId),
    clientSecret: read(settings.clientSecret),
    addresses: Object.fromEntries(settings.addresses.map((one) => [one.suffix, read(one.setting)])) as Addresses,
  }));
}

/** Those that can be offered, by name. */
export function offeredOf(given: readonly GivenProvider[]): Readonly<Record<string, ProviderAccess>> {
  return Object.fromEntries(
    given
      .filter((one) => one.clientId !== '' && one.clientSecret !== '')
      .map(({ settings, ...access }) => [settings.definition.name, access]),
  );
}

/** What does not fit together, in an operator's words. */
export function findProviderProblems(
  given: readonly GivenProvider[],
  mode: 'development' | 'production' | 'test',
  isPlainHttpOffLoopback: (address: string) => boolean,
): string[] {
  return given.flatMap(({ settings, ...access }) => {
    const half =
      access.clientId !== '' && access.clientSecret === ''
        ? [settings.clientSecret, settings.clientId]
        : access.clientId === '' && access.clientSecret !== ''
          ? [settings.clientId, settings.clientSecret]
          : null;
    const problems = half === null ? [] : [`${half[0]?.name} is missing: ${half[1]?.name} is given`];
    if (mode !== 'production' || access.clientId === '') return problems;
    // Codes, secrets and tokens in clear text over a network are anybody's.
    const open = settings.addresses.filter(({ suffix }) => isPlainHttpOffLoopback(access.addresses[suffix] ?? ''));
    return [
      ...problems,
      ...open.map(({ suffix, setting: { name } }) => `${name} (${access.addresses[suffix]}) must be https in production`),
    ];
  });
}
