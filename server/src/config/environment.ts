import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Given =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string; readonly source: 'environment' | `file ${string}` }
  | { readonly kind: 'problem'; readonly problem: string };

const FILE_SUFFIX = '_FILE';

/** The text given as NAME or, as Docker and systemd hand secrets in, in the file that NAME_FILE names. Empty counts as not given. */
export function findGiven(env: Environment, name: string): Given {
  const text = env[name] ?? '';
  const fileName = name + FILE_SUFFIX;
  const path = takesFile(name) ? (env[fileName] ?? '') : '';
  if (text !== '' && path !== '') return { kind: 'problem', problem: `${name} and ${fileName} are both given: keep one` };
  if (text !== '') return { kind: 'text', text, source: 'environment' };
  if (path === '') return { kind: 'nothing' };
  try {
    const content = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (content === '') return { kind: 'problem', problem: `${fileName}: ${path} is empty` };
    return { kind: 'text', text: content, source: `file ${fileName}` };
  } catch (cause) {
    return { kind: 'problem', problem: `${fileName}: ${path} cannot be read (${systemCode(cause)})` };
  }
}

function takesFile(name: string): boolean {
  return name.startsWith(PREFIX);
}

const PREFIX = 'PORTICO_';

/** A misspelled setting is a setting that silently does not hold: every PORTICO_ name that is none is a problem. */
export function findUnknownNames(env: Environment, names: readonly string[]): string[] {
  const known = new Set(names.flatMap((name) => (takesFile(name) ? [name, name + FILE_SUFFIX] : [name])));
  const unknown = Object.keys(env).filter((name) => name.startsWith(PREFIX) && !known.has(name));
  const [links, typed] = [unknown.filter(isServiceLink), unknown.filter((name) => !isServiceLink(name))];
  const problems = typed.sort().map((name) => {
    const near = nearest(name, [...known]);
    return near === null ? `${name} is not a setting` : `${name} is not a setting: did you mean ${near}?`;
  });
  if (links.length > 0)
    problems.push(
      `${links.sort().join(', ')}: Kubernetes sets these for a Service called "portico"; give the pod enableServiceLinks: false`,
    );
  return problems;
}

function isServiceLink(name: string): boolean {
  return /^PORTICO_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP)(?:_\w+)?)$/.test(name);
}

function nearest(name: string, known: readonly string[]): string | null {
  const ranked = known.map((other) => ({ other, distance: editDistance(name, other) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= 5 ? best.other : null;
}

/** How many letters must be put in, taken out or changed (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [line, letter] of a.slice(0, 80).split('').entries()) {
    const next = [line + 1];
    for (const [column, other] of b.split('').entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function systemCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
