/** What this server asks the main one, with its secret: five calls in plain JSON. */

export interface MainServerOptions {
  /** Where this server reaches the main one. */
  readonly mainUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SignIn {
  readonly user: { readonly id: string; readonly roles: readonly string[]; readonly displayName?: string; readonly email?: string };
  readonly sid: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly refreshToken: string;
}

export interface MainServer {
  /** Null: refused. */
  redeemTicket(ticket: string, codeVerifier: string): Promise<SignIn | null>;
  redeemCode(code: string, codeVerifier: string, redirectUri: string): Promise<SignIn | null>;
  /** Whether the session goes on, at the main server and here. */
  isAlive(sid: string): Promise<boolean>;
  signOut(refreshToken: string, local: boolean): Promise<void>;
}

/** Each call throws when the main server cannot be reached or is in trouble: that says nothing about anybody's sign-in. */
export function createMainServer({ mainUrl, clientId, clientSecret }: MainServerOptions): MainServer {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  const call = async (path: string, body: object): Promise<Response> => {
    const answer = await fetch(`${mainUrl}/api/v1/external/${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(5000),
    });
    // 401 is about this server's own secret.
    if (answer.status >= 500 || answer.status === 401 || answer.status === 429)
      throw new Error(`the main server answered ${answer.status}`);
    return answer;
  };
  const signIn = async (answer: Response) => (answer.ok ? ((await answer.json()) as SignIn) : null);
  return {
    redeemTicket: async (ticket, codeVerifier) => signIn(await call('sso/ticket/redeem', { ticket, codeVerifier })),
    redeemCode: async (code, codeVerifier, redirectUri) => signIn(await call('token', { code, codeVerifier, redirectUri })),
    isAlive: async (sid) => {
      const { status } = (await (await call('session', { sid })).json()) as { readonly status: string };
      return status === 'VERIFIED';
    },
    signOut: async (refreshToken, local) => {
      await call('signout', { refreshToken, local });
    },
  };
}
