import { findOriginProblem } from '@portico/protocol/addresses';
import { addressSentence } from '../clients/check-address.ts';
import { APP_KINDS, type AppKind } from './add/detect-app.ts';
import type { ClientOptions } from './client-words.ts';

/** What `portico add URL` asks for. */
export interface AddCommand {
  readonly kind: 'add';
  readonly origin: string;
  readonly wanted: { readonly kind: AppKind | null; readonly name: string | null };
  readonly id: string | null;
  readonly dataDir: string | null;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export const ADD_OPTIONS = { 'data-dir': { type: 'string', multiple: true }, 'dry-run': { type: 'boolean' } } as const;
export const ADD_TAKES: readonly string[] = ['json', 'name', 'kind', 'id', ...Object.keys(ADD_OPTIONS)];

export const ADD_HELP = `  add URL                register the app in this folder, which is served at URL, and print
                         the lines that add sign-in to it
`;

export const ADD_OPTIONS_HELP = `Options of add
  --kind ${APP_KINDS.join(' | ')}        what the app is; found out from package.json unless given
  --name NAME            how people know the app; the name in package.json unless given
  --id ID                the client id; made from the name unless given
  --data-dir DIR         data folder of the Portico that is meant
  --dry-run              say what would be done, and do nothing
`;

export interface AddOptions extends Pick<ClientOptions, 'name' | 'kind' | 'id'> {
  readonly 'data-dir'?: string[];
  readonly 'dry-run'?: boolean;
}

/** A text is the problem, in one line. */
export function parseAdd(word: string | undefined, options: AddOptions, json: boolean): AddCommand | string {
  if (word === undefined || word === '') return 'add needs the address that the app is served at, such as http://localhost:5173';
  const origin = parseAddress(word);
  if ('problem' in origin) return origin.problem;
  const twice = (['name', 'kind', 'id', 'data-dir'] as const).find((option) => (options[option]?.length ?? 0) > 1);
  if (twice !== undefined) return `--${twice} came more than once`;
  const kind = options.kind?.[0];
  const known = APP_KINDS.find((each) => each === kind);
  if (kind !== undefined && known === undefined) return `--kind is one of ${APP_KINDS.join(', ')}; client add registers the others`;
  return {
    kind: 'add',
    origin: origin.value,
    wanted: { kind: known ?? null, name: options.name?.[0] ?? null },
    id: options.id?.[0] ?? null,
    dataDir: options['data-dir']?.[0] ?? null,
    dryRun: options['dry-run'] === true,
    json,
  };
}

/** An origin, with or without the slash that browsers show after it. */
function parseAddress(text: string): { readonly value: string } | { readonly problem: string } {
  const shown = JSON.stringify(text);
  const bare = text.replace(/\/$/, '');
  const problem = findOriginProblem(bare);
  if (problem === null) return { value: bare };
  if (!/^https?:\/\//i.test(text)) return { problem: `${shown} is no address: write it whole, such as http://localhost:5173` };
  return { problem: `${shown} ${addressSentence(problem)}` };
}
