import { Refusal } from '@portico/protocol/errors';
import type { FastifyRequest } from 'fastify';
import type { ObjectSchema } from '../schemas.ts';
import type { AdminScreen } from './admin-route.ts';

/** From an address of the admin page to its screen and what the screen is asked, by the same schemas as the call. */

export interface PageInput {
  readonly body: unknown;
  readonly query: unknown;
  readonly params: unknown;
}

/** Says how the page came about, and is no part of what is asked. */
const OF_THE_PAGE = 'done';

export function parsePage(screens: readonly AdminScreen[], address: string): { screen: AdminScreen; input: PageInput } {
  const [path = '', search = ''] = address.split('?', 2);
  for (const screen of screens) {
    const params = matchPath(screen.page, path);
    if (params === null) continue;
    const query = Object.fromEntries([...new URLSearchParams(search)].filter(([name, value]) => name !== OF_THE_PAGE && value !== ''));
    return { screen, input: { body: {}, params, query } };
  }
  throw new Refusal('not_found');
}

/** Fixed addresses stand before those with a name in them, as in the router. Null: another page. */
function matchPath(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decoded(value);
    else if (part !== value) return null;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new Refusal('not_found', { cause });
  }
}

/** Throws as the call itself would: `not_found` for a part of the path that nothing can have, `invalid_fields` for a filter or cursor. */
export function requireValid(
  request: FastifyRequest,
  { params, query }: { readonly params?: ObjectSchema | undefined; readonly query?: ObjectSchema | undefined },
  input: Pick<PageInput, 'params' | 'query'>,
): void {
  if (params !== undefined) requireFits(request, params, input.params, 'params');
  // A screen without filters is asked nothing; what stands in its address all the same is not looked at.
  if (query !== undefined) requireFits(request, query, input.query, 'querystring');
}

/** Checks a value by a schema, and fails as Fastify's own validation does. */
export function requireFits(
  request: FastifyRequest,
  schema: ObjectSchema,
  value: unknown,
  context: 'body' | 'params' | 'querystring',
): void {
  const validate = request.getValidationFunction(schema as never) ?? request.compileValidationSchema(schema);
  if (validate(value)) return;
  throw Object.assign(new Error('what the page was asked does not fit its schema'), {
    validation: validate.errors ?? [],
    validationContext: context,
    statusCode: 400,
  });
}
