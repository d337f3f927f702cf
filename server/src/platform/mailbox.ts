/** A sender or recipient, always as an object: a text like `a@b.c, <evil@x>` must never reach a parser of address lists. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

// One @, and nothing that separates, groups, quotes or comments addresses, or begins a new header line (RFC 5322 3.4, RFC 5321 4.1.2).
const PLAIN_ADDRESS = /^[^\s\p{Cc}\p{Cf}@<>()[\]\\,;:"]{1,64}@[^\s\p{Cc}\p{Cf}@<>()[\]\\,;:"]{1,253}$/u;

export function isPlainAddress(text: string): boolean {
  // U+FF20 and U+FE6B become an @ for software that normalises: what would have two is refused.
  return PLAIN_ADDRESS.test(text) && text.normalize('NFKC').split('@').length === 2;
}

/** `name@example.com` or `Portico <name@example.com>`; null for anything else. */
export function parseMailbox(text: string): Mailbox | null {
  const found = /^(?:(?<name>[^<>"\\,;:@\p{Cc}]{1,100}) <(?<inner>[^<>]+)>|(?<bare>\S+))$/u.exec(text.trim());
  const address = found?.groups?.['inner'] ?? found?.groups?.['bare'];
  if (address === undefined || !isPlainAddress(address)) return null;
  return { name: (found?.groups?.['name'] ?? '').trim(), address };
}
