import type { AuthServer, RegisteredClient } from '../servers/auth-server.ts';

/** A client library as a site uses it, whatever language it is written in. Every check that it makes is its own. */
export interface Library {
  readonly name: string;
  connect(server: AuthServer, client: RegisteredClient): Promise<Connected>;
}

export interface Connected {
  /** Where the browser is to be sent, and what the site keeps for its return. */
  begin(extra?: Readonly<Record<string, string>>): Promise<Begun>;
  /** Throws when the library refuses what came back. */
  finish(begun: Begun, cameBackTo: URL): Promise<Tokens>;
  refresh(tokens: Tokens): Promise<Tokens>;
  /** What the server says of whoever the access token belongs to. */
  userinfo(tokens: Tokens): Promise<Readonly<Record<string, unknown>>>;
  /** Where the browser is sent to be signed out everywhere. */
  signOutAddress(tokens: Tokens, state: string): Promise<string>;
  close(): Promise<void>;
}

export interface Begun {
  readonly address: string;
  readonly kept: unknown;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  /** From the ID token. */
  readonly subject: string;
}

/** What the server said when a library threw: OAuth's error code, wherever the library keeps it. */
export function reasonOf(error: unknown): string {
  const { error: word, cause, message } = error as { error?: unknown; cause?: unknown; message?: unknown };
  if (typeof word === 'string') return word;
  const challenge = Array.isArray(cause) ? (cause[0] as { parameters?: { error?: string } } | undefined) : undefined;
  return challenge?.parameters?.error ?? (cause instanceof Error ? cause.message : String(message));
}

/** Where the browser comes back to after a sign-in, and after a sign-out. */
export function placesOf({ wish }: RegisteredClient): { readonly redirectUri: string; readonly postLogoutUri: string } {
  const [redirectUri = '', postLogoutUri = ''] = [wish.redirectUris?.[0], wish.postLogoutUris?.[0]];
  return { redirectUri, postLogoutUri };
}
