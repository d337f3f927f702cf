import { parseArgs } from 'node:util';
import { type Email, parseEmail } from './accounts/email.ts';
import {
  CLIENT_ADD_HELP,
  CLIENT_HELP,
  CLIENT_OPTIONS,
  CLIENT_TAKES,
  type ClientCommand,
  type ClientName,
  type ClientOptions,
  nameClientCommand,
  parseClient,
} from './cli/client-words.ts';
import { nameSuspension, parseSuspension, type SuspensionCommand, type SuspensionName } from './cli/suspension-words.ts';
import { JOB_NAMES, type JobName } from './jobs/names.ts';

/** What a command line asks for. */
export type Command =
  | { readonly kind: 'start' }
  | { readonly kind: 'migrate'; readonly json: boolean }
  | { readonly kind: 'job'; readonly name: JobName; readonly json: boolean }
  | { readonly kind: 'rotate-keys'; readonly json: boolean }
  | { readonly kind: 'drop-key'; readonly id: string; readonly json: boolean }
  | { readonly kind: 'invite'; readonly email: Email; readonly json: boolean }
  | SuspensionCommand
  | ClientCommand
  | { readonly kind: 'doctor'; readonly json: boolean }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' };

export type Parsed = Command | { readonly kind: 'bad-usage'; readonly problem: string };

export const HELP = `portico: one sign-in for all your web apps and games

Usage: portico [command] [options]

Commands
  start                  start the server (also without a command)
  migrate                bring the database up to date and stop
  job NAME               run one job now: ${JOB_NAMES.join(', ')}
  keys rotate            make the next keys; they are used a minute later
  keys rotate --drop ID  end a key now, and what was made with it: a chain key by its
                         number, a signing key by its name
  invite EMAIL           invite somebody to create an account, or invite them again
  suspension list        show the networks that are shut out because they guessed
  suspension lift ADDRESS
                         let one in again
  suspension allow CIDR  never suspend a range; --note TEXT says why
  suspension disallow CIDR
                         suspend it like any other
${CLIENT_HELP}  doctor                 show every setting and check what they lead to

Options
  --json                 answer in JSON (migrate, job, keys rotate, invite, suspension, client, doctor)
  --version              print the version
  --help                 print this

${CLIENT_ADD_HELP}
Settings come from the environment; docs/config.md lists them, portico doctor shows them.
`;

/** Which options a command takes; `--help` and `--version` go with every one. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  start: [],
  migrate: ['json'],
  job: ['json'],
  'keys rotate': ['json', 'drop'],
  invite: ['json'],
  'suspension list': ['json'],
  'suspension lift': ['json'],
  'suspension allow': ['json', 'note'],
  'suspension disallow': ['json'],
  ...CLIENT_TAKES,
  doctor: ['json'],
};
/** Commands that take one word more. */
const TAKES_WORD: ReadonlySet<string> = new Set([
  'job',
  'invite',
  'suspension lift',
  'suspension allow',
  'suspension disallow',
  'client rotate-secret',
  'client remove',
  'client disable',
  'client enable',
  'client roles',
]);

export function parseCommand(argv: readonly string[]): Parsed {
  const read = readArguments(argv);
  if (typeof read === 'string') return badUsage(read);
  const { values, words } = read;
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const named = nameCommand(words);
  if ('problem' in named) return badUsage(named.problem);
  const { name, rest } = named;
  const stray = Object.keys(values).find((option) => !TAKES[name]?.includes(option));
  if (stray !== undefined) return badUsage(`${name} takes no --${stray}`);
  const [first, ...others] = rest;
  const extra = TAKES_WORD.has(name) ? others[0] : first;
  if (extra !== undefined) return badUsage(`${name}: unexpected ${JSON.stringify(extra)}`);
  const json = values.json === true;
  switch (name) {
    case 'start':
      return { kind: 'start' };
    case 'job': {
      const known = JOB_NAMES.find((each) => each === first);
      return known === undefined ? badUsage(`job needs the name of a job: ${JOB_NAMES.join(', ')}`) : { kind: 'job', name: known, json };
    }
    case 'keys rotate':
      return values.drop === undefined ? { kind: 'rotate-keys', json } : dropKey(values.drop, json);
    case 'invite': {
      const email = parseEmail(first ?? '');
      return email === null ? badUsage('invite needs the e-mail address of whom to invite') : { kind: 'invite', email, json };
    }
    case 'suspension list':
    case 'suspension lift':
    case 'suspension allow':
    case 'suspension disallow': {
      const command = parseSuspension(name, first, { json, note: values.note });
      return typeof command === 'string' ? badUsage(command) : command;
    }
    case 'migrate':
    case 'doctor':
      return { kind: name, json };
    case 'client add':
    case 'client list':
    case 'client rotate-secret':
    case 'client disable':
    case 'client enable':
    case 'client remove':
    case 'client roles': {
      const command = parseClient(name, first, values, json);
      return typeof command === 'string' ? badUsage(command) : command;
    }
  }
}

type CommandName = 'start' | 'migrate' | 'job' | 'keys rotate' | 'invite' | SuspensionName | ClientName | 'doctor';

function nameCommand(words: readonly string[]): { name: CommandName; rest: readonly string[] } | { problem: string } {
  const [first = 'start', ...rest] = words;
  if (first === 'keys') {
    return rest[0] === 'rotate' ? { name: 'keys rotate', rest: rest.slice(1) } : { problem: 'keys needs a command: keys rotate' };
  }
  if (first === 'start' || first === 'migrate' || first === 'job' || first === 'invite' || first === 'doctor') return { name: first, rest };
  if (first === 'suspension') {
    const name = nameSuspension(rest[0]);
    return name === null ? { problem: 'suspension needs a command: list, lift, allow or disallow' } : { name, rest: rest.slice(1) };
  }
  if (first === 'client') {
    const name = nameClientCommand(rest[0]);
    return name === null
      ? { problem: 'client needs a command: add, list, rotate-secret, disable, enable, remove or roles' }
      : { name, rest: rest.slice(1) };
  }
  return { problem: `unknown command ${JSON.stringify(first)}` };
}

function dropKey(text: string, json: boolean): Parsed {
  // A signing key is named by its thumbprint (RFC 7638).
  if (!/^(?:\d{1,2}|[A-Za-z0-9_-]{43})$/.test(text)) return badUsage('--drop needs the id of a key, as doctor shows it');
  return { kind: 'drop-key', id: text, json };
}

interface Options extends ClientOptions {
  readonly json?: boolean;
  readonly drop?: string;
  readonly note?: string;
  readonly version?: boolean;
  readonly help?: boolean;
}

function readArguments(argv: readonly string[]): { values: Options; words: readonly string[] } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        drop: { type: 'string' },
        note: { type: 'string' },
        ...CLIENT_OPTIONS,
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return { values: { ...values }, words: positionals };
  } catch (error) {
    // Node adds advice about positional arguments in further sentences.
    const [sentence = ''] = (error as Error).message.split(/\.\s|\n/);
    return sentence.charAt(0).toLowerCase() + sentence.slice(1);
  }
}

function badUsage(problem: string): Parsed {
  return { kind: 'bad-usage', problem };
}
