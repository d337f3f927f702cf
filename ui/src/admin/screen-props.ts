import type { AdminAct, AdminScreenName } from '@portico/protocol/admin';
import { ADMIN_ACTS, ADMIN_FORMS } from '@portico/protocol/admin';
import type { FieldProblem } from '@portico/protocol/errors';
import { fillPath } from '@portico/protocol/routes';
import { fill, type Texts } from '@portico/protocol/texts';
import type { PageFrame } from '../page-props.ts';
import type { AdminContents, AdminView } from './views/index.ts';

/** What a screen gets. It is rendered on the server only: no state, no handlers; what is alive on a page is `enhance.ts`. */
export interface ScreenProps<Name extends AdminScreenName = AdminScreenName> {
  readonly content: AdminContents[Name];
  readonly page: ScreenPage;
  readonly texts: Texts['admin'];
}

/** What the parts of a screen need to know of the page they stand on. */
export interface ScreenPage extends Pick<AdminView, 'address' | 'me' | 'form' | 'done'> {
  readonly frame: PageFrame;
  readonly texts: Texts;
}

/** Where the form of an act is posted to. */
export function formPath(act: AdminAct, params: Readonly<Record<string, string>> = {}): string {
  return ADMIN_FORMS + fillPath(ADMIN_ACTS[act], params);
}

/** The field of a refused form, as it is shown again. */
export function refusedField(
  { form, texts }: Pick<ScreenPage, 'form' | 'texts'>,
  at: string,
  name: string,
): { readonly value: string | undefined; readonly problem: string | null } {
  if (form === null || form.at !== at) return { value: undefined, problem: null };
  const problem: FieldProblem | undefined = form.state.fields[name];
  const about = form.state.about?.[name];
  const sentence = problem === undefined ? null : texts.fields[problem];
  const shown = sentence === null || about === undefined ? sentence : fill(texts.admin.frame.aboutEntry, { about, problem: sentence });
  return { value: form.state.values[name], problem: shown };
}

/** The same list with another filter, sort or page: a change of filter begins at the first page. */
export function listAddress(address: string, changes: Readonly<Record<string, string | null>>): string {
  const [path = '', search = ''] = address.split('?', 2);
  const query = new URLSearchParams(search);
  query.delete('done');
  if (!('cursor' in changes)) query.delete('cursor');
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The same list as a file: its filters, and neither page nor order. */
export function exportAddress(path: string, address: string): string {
  const query = queryOf(address);
  for (const name of ['done', 'cursor', 'limit']) query.delete(name);
  const empty = [...query].filter(([, value]) => value === '');
  for (const [name] of empty) query.delete(name);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function queryOf(address: string): URLSearchParams {
  return new URLSearchParams(address.split('?', 2)[1] ?? '');
}
