import { parseNetwork, parseRange } from '../guessing/network-address.ts';

/** What `portico suspension …` asks for. */
export type SuspensionCommand =
  | { readonly kind: 'suspension-list'; readonly json: boolean }
  | { readonly kind: 'suspension-lift'; readonly network: string; readonly json: boolean }
  | { readonly kind: 'suspension-allow'; readonly range: string; readonly note: string; readonly json: boolean }
  | { readonly kind: 'suspension-disallow'; readonly range: string; readonly json: boolean };

export type SuspensionName = 'suspension list' | 'suspension lift' | 'suspension allow' | 'suspension disallow';

const NOTE_MAX = 200;

export function nameSuspension(word: string | undefined): SuspensionName | null {
  return word === 'list' || word === 'lift' || word === 'allow' || word === 'disallow' ? `suspension ${word}` : null;
}

/** A text is the problem, in one line. */
export function parseSuspension(
  name: SuspensionName,
  word: string | undefined,
  { json, note = '' }: { json: boolean; note?: string | undefined },
): SuspensionCommand | string {
  if (name === 'suspension list') return { kind: 'suspension-list', json };
  if (name === 'suspension lift') {
    const network = word === undefined ? null : parseNetwork(word);
    return network === null
      ? 'suspension lift needs an address, or a network that suspension list shows'
      : { kind: 'suspension-lift', network, json };
  }
  const range = word === undefined ? null : parseRange(word);
  if (range === null) return `${name} needs an address or a CIDR range, at least /8 (IPv6: /16)`;
  if (name === 'suspension disallow') return { kind: 'suspension-disallow', range, json };
  if (note.length > NOTE_MAX || /[\u0000-\u001f\u007f]/.test(note)) return `--note takes one line of at most ${NOTE_MAX} characters`;
  return { kind: 'suspension-allow', range, note, json };
}
