import type { Client } from '../clients/client.ts';

/** What a client asked for, cut to what it may have; sorted, each once. Null: a word that it may not ask for (RFC 6749 3.3). */
export function allowedScope(client: Pick<Client, 'scopes'>, asked: string | undefined): string | null {
  const words = [...new Set((asked ?? '').split(' ').filter((word) => word !== ''))].sort();
  return words.every((word) => client.scopes.includes(word)) ? words.join(' ') : null;
}

export function hasScope(scope: string, word: string): boolean {
  return scope.split(' ').includes(word);
}

/** Whether everything in `part` stands in `whole`. */
export function isWithin(part: string, whole: string): boolean {
  return part.split(' ').every((word) => word === '' || hasScope(whole, word));
}

/** The words of `whole` that were asked for; all of them where nothing was. */
export function narrowScope(whole: string, asked: string | undefined): string {
  if (asked === undefined) return whole;
  return whole
    .split(' ')
    .filter((word) => hasScope(asked, word))
    .join(' ');
}

/** The words that stand in both. */
export function bothScopes(one: string, other: string): string {
  return narrowScope(one, other);
}
