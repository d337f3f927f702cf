import type { AddressFlaw } from '@portico/protocol/addresses';
import type { ClientKind } from '@portico/protocol/clients';
import type { Texts } from '@portico/protocol/texts';

const FLAWS: readonly AddressFlaw[] = [
  'address_long',
  'address_characters',
  'address_fragment',
  'address_wildcard',
  'address_dots',
  'address_relative',
  'address_respelled',
  'address_scheme',
  'address_native_scheme',
  'address_credentials',
  'address_plain',
  'address_origin',
];

/** What a field needs so that its addresses are checked while they are typed: `check-addresses.ts` reads it. */
export function addressMarks(
  { fields, admin }: Texts,
  check: 'redirect' | 'web' | 'origin',
  kind: ClientKind,
): Record<`data-${string}`, string> {
  const words = Object.fromEntries(FLAWS.map((flaw) => [flaw, fields[flaw]]));
  const { aboutEntry } = admin.frame;
  return { 'data-check': check, 'data-kind': kind, 'data-words': JSON.stringify({ ...words, aboutEntry, good: admin.newSite.check.good }) };
}
