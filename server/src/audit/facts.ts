/** A plain JSON value, as an event keeps what was before and after an act. */
export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact };
export type Facts = Readonly<Record<string, Fact>>;

const TEXT_MAX = 500;
const NAME_MAX = 60;
const ENTRIES_MAX = 100;
const DEPTH_MAX = 4;
/** Characters of the whole. */
const WHOLE_MAX = 8000;
const CUT = '…';

/** What a name promises to be a secret is not written, whatever a caller hands over by mistake. Numbers pass: `tokenLife`, `secrets: 2`. */
const SECRET_NAME = /secret|password|passphrase|token|cookie|privatekey|credential|code$|hash$/i;
const NOT_WRITTEN = '(not written)';

/** The same facts are always the same text: names sorted, and bounded, so that one act cannot fill the log. */
export function writeFacts(facts: Facts | undefined): string | null {
  if (facts === undefined) return null;
  const text = JSON.stringify(bounded(facts, 0));
  if (text.length <= WHOLE_MAX) return text;
  return JSON.stringify(Object.fromEntries(names(facts).map((name) => [name.slice(0, NAME_MAX).toWellFormed(), CUT])));
}

export function readFacts(text: string | null): Facts | null {
  return text === null ? null : (JSON.parse(text) as Facts);
}

function bounded(fact: Fact, depth: number): Fact {
  // A lone surrogate is stored as something else, and the digest would speak of a text that nobody can read again.
  if (typeof fact === 'string') return (fact.length > TEXT_MAX ? `${fact.slice(0, TEXT_MAX)}${CUT}` : fact).toWellFormed();
  if (typeof fact !== 'object' || fact === null) return fact;
  if (depth === DEPTH_MAX) return CUT;
  if (isList(fact)) {
    const kept = fact.slice(0, ENTRIES_MAX).map((each) => bounded(each, depth + 1));
    return fact.length > ENTRIES_MAX ? [...kept, CUT] : kept;
  }
  const record: Facts = fact;
  return Object.fromEntries(names(record).map((name) => [name, valueOf(name, record[name] ?? null, depth)]));
}

function valueOf(name: string, fact: Fact, depth: number): Fact {
  const mayBeSecret = typeof fact === 'string' || (typeof fact === 'object' && fact !== null);
  return mayBeSecret && SECRET_NAME.test(name) ? NOT_WRITTEN : bounded(fact, depth + 1);
}

function names(facts: Facts): string[] {
  return Object.keys(facts).sort().slice(0, ENTRIES_MAX);
}

function isList(fact: Fact): fact is readonly Fact[] {
  return Array.isArray(fact);
}
