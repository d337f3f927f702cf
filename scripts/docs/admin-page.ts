import {
  ADMIN_EXPORT_PAGES,
  ADMIN_FORMS,
  ADMIN_FRESH_FOR,
  ADMIN_PAGE_ROWS,
  ADMIN_PAGE_ROWS_MAX,
  ADMIN_PREFIX,
} from '@portico/protocol/admin';
import type { AdminDeed } from '../../server/src/http/admin/admin-route.ts';
import type { Route } from '../../server/src/http/route.ts';
import type { ObjectSchema } from '../../server/src/http/schemas.ts';
import { ADMIN_ROWS } from '../../server/src/routes/admin/index.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

/** docs/admin-api.md: every call of the admin page, from the table of routes that answers it. */
export function adminPage(): string {
  const { screens, deeds, exports } = ADMIN_ROWS;
  return page([
    generatedFrom('protocol/src/admin.ts, server/src/routes/admin and scripts/docs/admin-page.ts'),
    '# Admin API',
    `What the admin page shows and does, for programs: below ${code(ADMIN_PREFIX)}, by the cookies of a signed-in browser (with its CSRF token where something is done) or an access token of Portico’s own audience. Whoever asks has a role in Portico: ${code('support')} reads, ${code('admin')} acts, ${code('owner')} decides about roles and keys; everybody else gets ${code('role_required')} (403).`,
    [
      `- Lists take ${code('limit')} (${ADMIN_PAGE_ROWS}, at most ${ADMIN_PAGE_ROWS_MAX}) and ${code('cursor')}, the ${code('next')} of the page before. Cursors are signed and good for the same list, filters and order only.`,
      `- Acts are all ${code('POST')}. Those marked fresh need a proof of who one is that is at most ${ADMIN_FRESH_FOR / 60_000} minutes old (${code('fresh_signin_required')} else; ${code('POST me/proof')}); those that destroy take the typed name in ${code('confirm')}.`,
      '- Every act writes an event into the audit log: who, what, target, before and after, request id.',
      `- Plain forms post to ${code(ADMIN_FORMS)} and the same path; files are also at ${code(ADMIN_EXPORT_PAGES)}. An admin acts on users below admin, an owner on everybody.`,
      '- Ground rules, errors and headers as in [api.md](api.md).',
    ].join('\n'),
    '## What is read',
    table(
      ['Call', 'Takes', 'What it answers'],
      screens.map(({ route }) => [callOf(route), takes(route), route.summary]),
    ),
    '## What is done',
    table(
      ['Call', 'Who', 'Takes', 'What it does'],
      deeds.map((deed) => [callOf(deed.route), who(deed), takes(deed.route), deed.route.summary]),
    ),
    '## Files',
    table(
      ['Call', 'Takes', 'What it answers'],
      exports.map(({ route }) => [callOf(route), takes(route), route.summary]),
    ),
  ]);
}

function callOf({ method, path }: Route): string {
  return code(`${method} ${path.slice(1)}`);
}

function who({ route: { guardName, limit } }: AdminDeed): string {
  return limit === 'none' ? guardName : `${guardName}, ${limit}`;
}

function takes({ schema }: Route): string {
  const named = [schema.querystring, schema.body].flatMap((one) => (one === undefined ? [] : fieldsOf(one)));
  return named.join(', ');
}

/** `cursor` and `limit` are said once, above. */
function fieldsOf({ properties, required }: ObjectSchema): string[] {
  return Object.keys(properties)
    .filter((name) => name !== 'cursor' && name !== 'limit')
    .map((name) => code(required.includes(name) ? name : `${name}?`));
}
