/** An e-mail address whose form was checked. Only `parseEmail` makes one. */
export interface Email {
  readonly [checked]: true;
  /** As typed, without spaces around it. */
  readonly text: string;
  /** What addresses are compared by. */
  readonly key: string;
}
declare const checked: unique symbol;

/**
 * Null unless the text is a plain address. Deliberately narrower than RFC 5322: no quoted parts, no comments, no groups, one @ —
 * what defeats domain checks and mail libraries (`"a@evil"@corp`, `a@evil@corp`) is not an address here.
 */
export function parseEmail(text: string): Email | null {
  const trimmed = text.trim();
  if (trimmed.length > 254) return null;
  // Normalise first, then compare: full-width ＠ and its like must not become a second @ behind the check.
  if (trimmed.normalize('NFKC') !== trimmed.normalize('NFC')) return null;
  const found =
    /^([\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64})@((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?|localhost)$/u.exec(
      trimmed,
    );
  const local = found?.[1];
  if (local === undefined || local.startsWith('.') || local.endsWith('.') || local.includes('..')) return null;
  // An encoded word (RFC 2047): mail software that decodes it would see another address.
  if (/=\?.*\?=/.test(local)) return null;
  return { text: trimmed, key: emailKey(trimmed) } as Email;
}

/** What addresses are compared and counted by. */
export function emailKey(address: string): string {
  return address.normalize('NFC').toLowerCase();
}

/** `a••••@example.com`: enough to recognise one's own address, not enough to learn it. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, 1)}••••${address.slice(at)}`;
}
