import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Given =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string; readonly source: 'environment' | `file ${string}` | `credential ${string}` }
  | { readonly kind: 'problem'; readonly problem: string };

const FILE_SUFFIX = '_FILE';

/** Where systemd puts the credentials of a unit. */
const CREDENTIALS = 'CREDENTIALS_DIRECTORY';

/**
 * The text given as NAME or, as Docker hands secrets in, in the file that NAME_FILE names; else in the credential of that name that systemd
 * hands in: `portico-master-key` is PORTICO_MASTER_KEY. Empty counts as not given.
 */
export function findGiven(env: Environment, name: string): Given {
  const text = env[name] ?? '';
  const fileName = name + FILE_SUFFIX;
  const path = takesFile(name) ? (env[fileName] ?? '') : '';
  if (text !== '' && path !== '') return { kind: 'problem', problem: `${name} and ${fileName} are both given: keep one` };
  if (text !== '') return { kind: 'text', text, source: 'environment' };
  if (path === '') return findCredential(env, name);
  return readGiven(path, fileName, `file ${fileName}`);
}

function findCredential(env: Environment, name: string): Given {
  const folder = env[CREDENTIALS] ?? '';
  const credential = credentialOf(name);
  const path = join(folder, credential);
  if (folder === '' || !takesFile(name) || !existsSync(path)) return { kind: 'nothing' };
  return readGiven(path, `credential ${credential}`, `credential ${credential}`);
}

const credentialOf = (name: string) => name.toLowerCase().replaceAll('_', '-');

function readGiven(path: string, named: string, source: `file ${string}` | `credential ${string}`): Given {
  try {
    const content = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (content === '') return { kind: 'problem', problem: `${named}: ${path} is empty` };
    return { kind: 'text', text: content, source };
  } catch (cause) {
    return { kind: 'problem', problem: `${named}: ${path} cannot be read (${systemCode(cause)})` };
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
  problems.push(...findUnknownCredentials(env, names));
  if (links.length > 0)
    problems.push(
      `${links.sort().join(', ')}: Kubernetes sets these for a Service called "portico"; give the pod enableServiceLinks: false`,
    );
  return problems;
}

function findUnknownCredentials(env: Environment, names: readonly string[]): string[] {
  const folder = env[CREDENTIALS] ?? '';
  if (folder === '' || !existsSync(folder)) return [];
  const known = new Set(names.filter(takesFile).map(credentialOf));
  const stray = readdirSync(folder).filter((name) => name.startsWith(credentialOf(PREFIX)) && !known.has(name));
  return stray
    .sort()
    .map((name) => `credential ${name} is not a setting in lower case with hyphens, such as ${credentialOf('PORTICO_MASTER_KEY')}`);
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
