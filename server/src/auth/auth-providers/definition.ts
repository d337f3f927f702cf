/**
 * What a provider is, as one pure definition. Its file and its line in `index.ts` are all that a new one costs: settings, buttons,
 * routes and documentation follow. These files know nothing of the rest of the server.
 */

/** Whom a provider says that it has before it. Nothing of it is believed beyond what it says about itself. */
export interface SignInProfileData {
  /** What the provider will never give to anybody else. Not the name, not the address. */
  readonly subject: string;
  /** What people call themselves there: shown, compared with nothing. */
  readonly label: string;
  readonly displayName: string;
  readonly email: string | null;
  /** True only where the provider itself confirmed the address. */
  readonly emailVerified: boolean;
}

/** An address that an operator may set: `PORTICO_<NAME>_<SUFFIX>`. */
export interface AddressSetting {
  readonly suffix: 'URL' | 'API_URL' | 'ISSUER';
  /** What stands when nothing is given; empty where it follows from the others. */
  readonly standard: string;
  readonly sentence: string;
}
export type Addresses = Readonly<Partial<Record<AddressSetting['suffix'], string>>>;

/** What an operator has set for one provider. */
export interface ProviderAccess {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly addresses: Addresses;
}

/** What came over the wire: nothing of it is certain. */
export type Claims = Readonly<Record<string, unknown>>;

interface Described {
  /** In paths and settings: lower-case letters. */
  readonly name: string;
  /** What people read on the button. */
  readonly label: string;
  /** The least that a sign-in needs. */
  readonly scope: string;
  readonly addresses: readonly AddressSetting[];
  /** Parameters that make the provider ask the person instead of waving them through, for a proof of who they are. */
  readonly asking?: Readonly<Record<string, string>>;
}

/** A provider of OpenID Connect: found by its issuer, and trusted for a signed ID token. */
export interface OpenIdDefinition extends Described {
  readonly protocol: 'openid';
  readonly issuer: (addresses: Addresses) => string;
  /** Whether the ID token says too little and the userinfo endpoint is asked as well. */
  readonly userInfo: boolean;
  /** How our secret travels; in the body unless given. */
  readonly clientAuthentication?: 'post' | 'basic';
  readonly profile: (claims: Claims) => SignInProfileData | null;
}

/** A provider of plain OAuth, whose own API says who somebody is. */
export interface OAuthDefinition extends Described {
  readonly protocol: 'oauth';
  readonly endpoints: (addresses: Addresses) => Endpoints;
  /** `read` answers what the API says at this address to the bearer of the new token. */
  readonly profile: (addresses: Addresses, read: (url: string) => Promise<unknown>) => Promise<SignInProfileData | null>;
  /** Where tokens are given back in a way of its own; the standard way (RFC 7009) needs only `endpoints.revoke`. */
  readonly giveBack?: (access: ProviderAccess, accessToken: string) => OwnRevocation;
}

export interface Endpoints {
  readonly issuer: string;
  readonly authorize: string;
  readonly token: string;
  readonly revoke?: string;
}

export interface OwnRevocation {
  readonly url: string;
  readonly method: 'DELETE' | 'POST';
  readonly body: object;
}

export type ProviderDefinition = OpenIdDefinition | OAuthDefinition;

/** `at('https://git.example.com/', 'user')`: one slash between them, however the operator wrote it. */
export function at(base: string | undefined, path: string): string {
  const stem = base?.endsWith('/') ? base.slice(0, -1) : (base ?? '');
  return [stem, path].filter((part) => part !== '').join('/');
}

export function asClaims(value: unknown): Claims | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The standard claims (OpenID Connect Core 5.1). Only the boolean `true` means verified: the text "true" is somebody's mistake. */
export function profileFromClaims(claims: Claims): SignInProfileData | null {
  const subject = textOf(claims['sub']);
  const email = textOf(claims['email']);
  if (subject === '') return null;
  const name = textOf(claims['name']);
  return {
    subject,
    label: textOf(claims['preferred_username']) || email || name || subject,
    displayName: name,
    email: email === '' ? null : email,
    emailVerified: claims['email_verified'] === true,
  };
}
