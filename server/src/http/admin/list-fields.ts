import { CURSOR_FORM } from '../../admin/list-page.ts';
import { fields, line, pageSize } from '../schemas.ts';

/** What every list of the admin page takes, beside its own filters. */
export const LIST_FIELDS = { cursor: { type: 'string', pattern: CURSOR_FORM.source }, limit: pageSize } as const;

/** One of a few words: a filter's or a sort's. */
export function oneOfWords(...words: readonly string[]) {
  return { type: 'string', pattern: `^(?:${words.join('|')})$` } as const;
}

/** What somebody typed to confirm a destructive act. */
export const confirm = line(1, 320);

export const ConfirmBody = fields({ confirm }, ['confirm']);
