import { ADMIN_PAGE_ROWS } from '@portico/protocol/admin';
import { Refusal } from '@portico/protocol/errors';
import type { Deps } from '../deps.ts';
import { hmac, sameText } from '../platform/crypto.ts';
import type { Mark } from '../platform/listing.ts';

/** Pages of the lists of the admin page. */

/** What was asked for, validated by the route's schema: filters and sort beside `cursor` and `limit`. */
export interface ListQuery {
  readonly cursor?: string;
  readonly limit?: string;
  readonly [filter: string]: string | undefined;
}

/** What a noun is asked for: one row more than is shown tells whether there is another page. */
export interface PageAsk {
  readonly after: Mark | null;
  readonly limit: number;
}

export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** The `cursor` of the following page. */
  readonly next: string | null;
}

/** A place may be an address of 254 characters, each of three bytes, as `searchKey` writes it. */
export const CURSOR_FORM = /^\d{1,2}\.[A-Za-z0-9_-]{4,2400}\.[A-Za-z0-9_-]{43}$/;

/** Throws `invalid_fields` for a cursor that was not made here, or for another list, filter or sort. */
export function askPage(deps: Pick<Deps, 'keys'>, list: string, query: ListQuery): PageAsk {
  return {
    after: query.cursor === undefined ? null : readCursor(deps, subjectOf(list, query), query.cursor),
    limit: Number(query.limit ?? ADMIN_PAGE_ROWS) + 1,
  };
}

/** `rows` as a noun answered `askPage`, `mark` as the noun sorts them. */
export function pageOf<Row, Item>(
  deps: Pick<Deps, 'keys' | 'now'>,
  {
    list,
    query,
    rows,
    mark,
    item,
  }: {
    readonly list: string;
    readonly query: ListQuery;
    readonly rows: readonly Row[];
    readonly mark: (row: Row) => Mark;
    readonly item: (row: Row) => Item;
  },
): ListPage<Item> {
  const limit = Number(query.limit ?? ADMIN_PAGE_ROWS);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? makeCursor(deps, subjectOf(list, query), mark(last)) : null;
  return { items: shown.map(item), next };
}

/** A cursor is signed: it is made of what stands in rows, and nobody may ask the database for places of their own making. */
function makeCursor({ keys, now }: Pick<Deps, 'keys' | 'now'>, subject: string, { key, id }: Mark): string {
  const chain = keys.currentChain(now());
  const head = `${chain.id}.${Buffer.from(JSON.stringify([key, id])).toString('base64url')}`;
  return `${head}.${hmac(chain.csrf, head, '.', subject).toString('base64url')}`;
}

function readCursor({ keys }: Pick<Deps, 'keys'>, subject: string, cursor: string): Mark {
  const [id = '', place = '', mac = ''] = CURSOR_FORM.test(cursor) ? cursor.split('.') : [];
  const chain = keys.chain(Number(id === '' ? Number.NaN : id));
  const genuine = chain !== null && sameText(hmac(chain.csrf, `${id}.${place}`, '.', subject).toString('base64url'), mac);
  if (!genuine) throw new Refusal('invalid_fields', { fields: { cursor: 'malformed' } });
  const [key, row] = JSON.parse(Buffer.from(place, 'base64url').toString()) as [string | number, string];
  return { key, id: row };
}

/** Which list in which order with which filters: a cursor of one is none of another. */
function subjectOf(list: string, query: ListQuery): string {
  const filters = Object.entries(query).filter(([name, value]) => name !== 'cursor' && name !== 'limit' && value !== undefined);
  return `cursor ${list} ${JSON.stringify(filters.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
