import { readFileSync } from 'node:fs';

/** Read at the first sign-up, not at the start: a third of a megabyte that most processes never need at once. */
let list: ReadonlySet<string> | null = null;

export function listCommonPasswords(): ReadonlySet<string> {
  list ??= new Set(
    readFileSync(new URL('../../data/common-passwords.txt', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n'),
  );
  return list;
}

/** True for a password that is guessed first, in any case, alone or written several times in a row (`passwordpassword`). */
export function isCommonPassword(password: string): boolean {
  const common = listCommonPasswords();
  const lower = password.toLowerCase();
  if (common.has(lower)) return true;
  for (let unit = 6; unit <= lower.length / 2; unit += 1) {
    if (lower.length % unit === 0 && lower === lower.slice(0, unit).repeat(lower.length / unit) && common.has(lower.slice(0, unit)))
      return true;
  }
  return false;
}
