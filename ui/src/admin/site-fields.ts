import type { AddressFlaw } from '@portico/protocol/addresses';
import { type ClientKind, CONFIRMATIONS, isConfidential } from '@portico/protocol/clients';
import type { Texts } from '@portico/protocol/texts';
import { ACCESS_ALGS, SIGNING_ALGS } from '@portico/protocol/tokens';

/** Which fields a client site of a kind has, and which of them almost nobody needs. */

export type SiteField = keyof Texts['admin']['newSite']['fields'];

interface FieldsOfKind {
  readonly first: readonly SiteField[];
  readonly more: readonly SiteField[];
}

const TOKENS = ['accessAlg', 'idAlg', 'accessMinutes', 'idleMinutes', 'reuseEnds'] as const satisfies readonly SiteField[];
const PROOF = ['pkce', 'jwks', 'audiences'] as const satisfies readonly SiteField[];

export const FIELDS_OF_KIND: Readonly<Record<ClientKind, FieldsOfKind>> = {
  web: {
    first: ['name', 'redirectUris'],
    more: ['id', 'backchannelLogoutUri', 'postLogoutUris', 'origins', 'logoUri', 'confirmation', 'scopes', 'roles', ...TOKENS, ...PROOF],
  },
  spa: {
    first: ['name', 'origins', 'redirectUris'],
    more: ['id', 'postLogoutUris', 'logoUri', 'confirmation', 'scopes', 'roles', ...TOKENS],
  },
  native: {
    first: ['name', 'redirectUris'],
    more: ['id', 'postLogoutUris', 'logoUri', 'confirmation', 'scopes', 'roles', ...TOKENS],
  },
  machine: { first: ['name', 'scopes'], more: ['id', 'accessAlg', 'accessMinutes', 'jwks', 'audiences'] },
  secondary: {
    first: ['name', 'origins'],
    more: [
      'id',
      'redirectUris',
      'backchannelLogoutUri',
      'postLogoutUris',
      'logoUri',
      'confirmation',
      'scopes',
      'roles',
      ...TOKENS,
      ...PROOF,
    ],
  },
};

/** More than one line: a list, or a long text. */
export const LINES_OF: Readonly<Partial<Record<SiteField, number>>> = {
  redirectUris: 3,
  postLogoutUris: 2,
  roles: 3,
  audiences: 2,
  jwks: 4,
};

/** How an address is checked while it is typed. */
export const CHECKS: Readonly<Partial<Record<SiteField, 'redirect' | 'web' | 'origin'>>> = {
  redirectUris: 'redirect',
  postLogoutUris: 'redirect',
  backchannelLogoutUri: 'web',
  logoUri: 'web',
  origins: 'origin',
};

export function choicesOf(
  field: SiteField,
  kind: ClientKind,
  words: Texts['admin']['newSite'],
): readonly { readonly value: string; readonly label: string }[] | undefined {
  const named = <Word extends string>(values: readonly Word[], labels: Readonly<Record<Word, string>>) =>
    values.map((value) => ({ value, label: labels[value] }));
  const plain = (values: readonly string[]) => values.map((value) => ({ value, label: value }));
  const choices: Partial<Record<SiteField, readonly { readonly value: string; readonly label: string }[]>> = {
    // Nothing proves a native app to be itself.
    confirmation: named(kind === 'native' ? (['always', 'once'] as const) : CONFIRMATIONS, words.choices.confirmation),
    reuseEnds: named(['grant', 'session'] as const, words.choices.reuseEnds),
    pkce: named(['required', 'nonce'] as const, words.choices.pkce),
    accessAlg: plain(ACCESS_ALGS.filter((alg) => alg !== 'HS256' || isConfidential(kind))),
    idAlg: plain(SIGNING_ALGS),
  };
  return choices[field];
}

/** What a new site has unless it says otherwise. */
export function usualOf(field: SiteField, kind: ClientKind): string {
  return field === 'confirmation' ? (kind === 'native' ? 'always' : 'once') : '';
}

export type AddressWords = Readonly<Record<AddressFlaw, string>>;
