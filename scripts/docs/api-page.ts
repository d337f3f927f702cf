import { appRefreshCookie, COOKIES, HEADERS } from '@portico/protocol/cookies';
import { ERRORS, type ErrorCode } from '@portico/protocol/errors';
import { AUTH_PREFIX, AUTH_PREFIX_ALIAS, EXTERNAL_PREFIX, PAGES, SYSTEM } from '@portico/protocol/routes';
import { AUTH_ROUTES } from '../../server/src/app.ts';
import type { Limit } from '../../server/src/guessing/limits.ts';
import * as limits from '../../server/src/guessing/limits.ts';
import type { Route } from '../../server/src/http/route.ts';
import type { ObjectSchema } from '../../server/src/http/schemas.ts';
import { BODY_LIMIT } from '../../server/src/http/server.ts';
import { EXTERNAL_ROUTES } from '../../server/src/routes/external.ts';
import { SITE_ROUTES } from '../../server/src/routes/sites.ts';
import { CALLS, type Call, EVERYWHERE, FIELDS, SHAPES } from './api-calls.ts';
import { COOKIE_WORDS, GUARDS, HEADER_WORDS, LIMITS, PAGE_WORDS, READABLE, SYSTEM_WORDS } from './api-words.ts';
import { code, generatedFrom, page, table, wordsFor } from './markdown.ts';
import { oauthSection } from './oauth-section.ts';
import { EXTERNAL_CALLS, SITE_CALLS } from './site-calls.ts';

/** Calls that stand together on the page: one table of routes, and the words for it. */
interface Group {
  readonly heading: string;
  readonly intro: string;
  readonly routes: readonly Route[];
  /** By method and path, as in the table of routes. */
  readonly words: Readonly<Record<string, Call>>;
  /** The path as the page names it. */
  readonly nameOf: (path: string) => string;
}

const BROWSER_CALLS: Group = {
  heading: 'Calls',
  intro: '',
  routes: AUTH_ROUTES,
  words: CALLS,
  nameOf: (path) => path.slice(1),
};

const BACKEND_CALLS: Group = {
  heading: 'Calls of a client site’s backend',
  intro: `Below ${code(EXTERNAL_PREFIX)}, by client id and secret in the Authorization header (${code('Basic')}); cookies do not count, and no browser may read the answers. The same in OAuth’s words is under ${code('/oauth')}.`,
  routes: EXTERNAL_ROUTES,
  words: EXTERNAL_CALLS,
  nameOf: (path) => `external${path}`,
};

const SITE_CALL_GROUP: Group = {
  heading: 'Other calls of client sites',
  intro: '',
  routes: SITE_ROUTES,
  words: SITE_CALLS,
  nameOf: (path) => path.replace(/^\/api\/v1\//, ''),
};

/** docs/api.md: every call, from the table of routes that answers it. */
export function apiPage(): string {
  return page([
    generatedFrom('server/src/app.ts, protocol/src and scripts/docs/api-*.ts'),
    '# API',
    `All calls below ${code(AUTH_PREFIX)}; ${code(AUTH_PREFIX_ALIAS)} answers the same. A running server has this as OpenAPI at ${code(SYSTEM.openapi)}.`,
    groundRules(),
    ...[BROWSER_CALLS, BACKEND_CALLS, SITE_CALL_GROUP].flatMap(section),
    ...oauthSection(limitNames),
    '## Fields',
    Object.entries(SHAPES)
      .map(([name, fields]) => `${code(name)} is \`{ ${fields.join(', ')} }\`.`)
      .join(' '),
    table(
      ['Name', 'Type', 'Meaning'],
      Object.entries(FIELDS).map(([name, { type, sentence }]) => [code(name), type, sentence]),
    ),
    '## Guards',
    table(
      ['Guard', 'Who gets through', 'Else'],
      Object.entries(GUARDS).map(([name, { sentence, errors }]) => [code(name), sentence, errors.map(withStatus).join(', ')]),
    ),
    '## Limits',
    'What is counted, for how long, and how much is allowed. A right password is taken off again.',
    table(
      ['Limit', 'Counts', 'Allows'],
      allLimits().map(({ name, max, window }) => [code(name), wordsFor(LIMITS, name), `${max} in ${duration(window)}`]),
    ),
    '## Cookies',
    'All are `Path=/; SameSite=Lax` without `Domain`, set for the host of the API. Over https they are `Secure` and their names begin with `__Host-`.',
    table(
      ['Cookie', 'Scripts read it', 'What it is'],
      Object.entries(COOKIES).map(([name, cookie]) => [code(cookie), READABLE.has(cookie) ? 'yes' : 'no', wordsFor(COOKIE_WORDS, name)]),
    ),
    `An app in the browser (a client of kind ${code('spa')} on the same site) has one cookie, ${code(appRefreshCookie('<client id>'))}: its own refresh token, which counts from its own origin alone. No script reads it; generation and CSRF token stand in the JSON of each answer. It is set by ${code('GET /oauth/authorize?response_type=none')}.`,
    '## Headers',
    table(
      ['Header', 'What it carries'],
      Object.entries(HEADERS).map(([name, header]) => [code(header), wordsFor(HEADER_WORDS, name)]),
    ),
    '## Pages and documents',
    addresses(PAGES, PAGE_WORDS),
    addresses(SYSTEM, SYSTEM_WORDS),
  ]);
}

function groundRules(): string {
  return [
    `- Bodies are JSON (${code('content-type: application/json')}), ${BODY_LIMIT / 1024} KiB at most. Unknown fields and wrong types are refused; nothing is coerced.`,
    '- Moments are milliseconds since 1970, `expiresIn` is seconds.',
    '- A refusal is `{ error, message, requestId }` with the status of its code: [errors.md](errors.md).',
    `- Every call can answer ${EVERYWHERE.map(withStatus).join(', ')}.`,
    '- The browser API serves one browser client: the pages on the app’s own origin. Other origins come with client sites.',
    '- How refresh tokens rotate, and why an honest client is never signed out by accident: [protocol.md](protocol.md).',
  ].join('\n');
}

function section(group: Group): readonly string[] {
  if (group.routes.length === 0) return [];
  return [
    `## ${group.heading}`,
    ...(group.intro === '' ? [] : [group.intro]),
    table(
      ['Call', 'What it does', 'Guard', 'Counted by'],
      group.routes.map((route) => [
        `[${code(callOf(group, route))}](#${anchorOf(group, route)})`,
        route.summary,
        code(route.guardName),
        limitNames(route),
      ]),
    ),
    ...group.routes.map((route) => describeCall(group, route)),
  ];
}

function describeCall(group: Group, route: Route): string {
  const { sentence, answer, sets, clears, errors, redirects } = wordsFor(group.words, `${route.method} ${route.path}`);
  const refusals = [...new Set([...wordsFor(GUARDS, route.guardName).errors, ...errors])];
  const takes = [...takenFields(route.schema.params), ...takenFields(route.schema.querystring), ...takenFields(route.schema.body)];
  return [
    `### ${callOf(group, route)}`,
    `${route.summary}. ${sentence}`.trim(),
    [
      `- **Takes** ${takes.length === 0 ? 'nothing' : takes.join(', ')}`,
      `- **Answers** ${redirects ? '302' : answer.length === 0 ? '204' : `200 ${answer.map(answered).join(', ')}`}`,
      ...(sets.length === 0 ? [] : [`- **Sets** ${sets.map((name) => code(COOKIES[name])).join(', ')}`]),
      ...(clears.length === 0 ? [] : [`- **Clears** ${clears.map((name) => code(COOKIES[name])).join(', ')}`]),
      `- **Refuses** ${refusals.length === 0 ? 'nobody' : refusals.map(withStatus).join(', ')}`,
    ].join('\n'),
  ].join('\n\n');
}

interface StringSchema {
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** The fields of a schema, with their bounds; what may be left out has a question mark. */
function takenFields(schema: ObjectSchema | undefined): readonly string[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, StringSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { minLength = 0, maxLength }]) => {
    wordsFor(FIELDS, name);
    const bounds = maxLength === undefined ? '' : ` (${minLength} to ${maxLength} characters)`;
    return `${code(required.includes(name) ? name : `${name}?`)}${bounds}`;
  });
}

function answered(name: string): string {
  wordsFor(FIELDS, name.replace(/\?$/, ''));
  return code(name);
}

function callOf({ nameOf }: Group, { method, path }: Route): string {
  return `${method} ${nameOf(path)}`;
}

/** As the usual renderers of Markdown make it from the heading. */
function anchorOf(group: Group, route: Route): string {
  return callOf(group, route)
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

function limitNames({ limit }: Pick<Route, 'limit'>): string {
  if (limit === 'none') return '';
  const known = new Set(allLimits().map(({ name }) => name));
  const names = limit.split(', ');
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`no limit is called ${unknown}`);
  return names.map(code).join(', ');
}

function allLimits(): readonly Limit[] {
  return Object.values(limits);
}

function duration(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes < 60 ? `${minutes} min` : `${minutes / 60} h`;
}

function withStatus(error: ErrorCode): string {
  return `${ERRORS[error]} ${code(error)}`;
}

function addresses<Names extends string>(paths: Readonly<Record<Names, string>>, words: Readonly<Record<Names, string>>): string {
  return table(
    ['Address', 'What is there'],
    Object.entries<string>(paths).map(([name, path]) => [code(path), wordsFor(words, name)]),
  );
}
