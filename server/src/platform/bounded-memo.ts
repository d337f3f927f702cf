/** Remembers what `make` answered for the newest `limit` keys, so that a text built at run time cannot fill the memory. */
export function boundedMemo<T>(limit: number, make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    const oldest = known.size >= limit ? known.keys().next() : undefined;
    if (oldest?.done === false) known.delete(oldest.value);
    known.set(key, made);
    return made;
  };
}
