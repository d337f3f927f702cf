import { OAUTH_ERRORS } from '@portico/protocol/errors';
import { SYSTEM } from '@portico/protocol/routes';
import type { OAuthRoute } from '../../server/src/http/oauth-route.ts';
import { OAUTH_ROUTES } from '../../server/src/routes/oauth.ts';
import { code, table, wordsFor } from './markdown.ts';
import { OAUTH_CALLS } from './oauth-calls.ts';

const ASKERS: Readonly<Record<OAuthRoute['asker'], string>> = {
  client: 'a client, which proves or names itself in the request',
  bearer: 'whoever brings an access token',
  browser: 'a browser',
};

/** The part of docs/api.md about OAuth 2.1 and OpenID Connect. */
export function oauthSection(limitNames: (route: Pick<OAuthRoute, 'limit'>) => string): readonly string[] {
  return [
    '## Calls of OAuth 2.1 and OpenID Connect',
    `Forms in, JSON out, refusals as ${code('{ error, error_description }')} in OAuth’s own words; what a browser opens is answered with a redirect, or with our own error page. What this server can do is at ${code(SYSTEM.openIdConfiguration)}.`,
    table(
      ['Call', 'What it does', 'Who may ask', 'From pages of registered origins', 'Counted by'],
      OAUTH_ROUTES.map((route) => [
        `[${code(callOf(route))}](#${anchorOf(route)})`,
        route.summary,
        ASKERS[route.asker],
        route.crossOrigin ? 'yes' : 'no',
        limitNames(route),
      ]),
    ),
    ...OAUTH_ROUTES.map(describe),
  ];
}

function describe(route: OAuthRoute): string {
  const { sentence, parameters, answer, errors } = wordsFor(OAUTH_CALLS, callOf(route));
  const list = (names: readonly string[], none: string) => (names.length === 0 ? none : names.map(code).join(', '));
  return [
    `### ${callOf(route)}`,
    `${route.summary}. ${sentence}`.trim(),
    [
      `- **Takes** ${list(parameters, 'nothing')}`,
      `- **Answers** ${list(answer, 'no JSON')}`,
      `- **Refuses** ${errors.length === 0 ? 'nobody' : errors.map((error) => `${OAUTH_ERRORS[error]} ${code(error)}`).join(', ')}`,
    ].join('\n'),
  ].join('\n\n');
}

function callOf({ method, path }: OAuthRoute): string {
  return `${method} ${path}`;
}

/** As the usual renderers of Markdown make it from the heading. */
function anchorOf(route: OAuthRoute): string {
  return callOf(route)
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
