/** sessionStorage, for what is no secret and belongs to this tab. A browser that refuses it keeps nothing. */

export function readTab<T>(key: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') as T | null;
  } catch {
    return null;
  }
}

/** False: not stored. */
export function writeTab(key: string, value: unknown): boolean {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function takeTab<T>(key: string): T | null {
  const found = readTab<T>(key);
  if (found !== null) sessionStorage.removeItem(key);
  return found;
}
