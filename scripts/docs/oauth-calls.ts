import type { OAuthErrorCode } from '@portico/protocol/errors';

/** What docs/api.md says about one call of OAuth beyond its row in server/src/routes/oauth.ts. */
export interface OAuthCall {
  readonly sentence: string;
  /** Names of parameters; what may be left out has a question mark. Each at most once; unknown ones mean nothing. */
  readonly parameters: readonly string[];
  /** Names of the members of the JSON answer; `?` as above. None: it answers with a redirect, a page or an empty body. */
  readonly answer: readonly string[];
  readonly errors: readonly OAuthErrorCode[];
}

/** By method and full path. */
export const OAUTH_CALLS: Readonly<Record<string, OAuthCall>> = {};
