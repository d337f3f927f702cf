import { type Email, parseEmail } from './accounts/email.ts';
import { ADD_HELP, ADD_OPTIONS_HELP, ADD_TAKES, type AddCommand, parseAdd } from './cli/add-words.ts';
import { ADMIN_HELP, ADMIN_TAKES, type AdminCommand, type AdminCommandName, nameAdminCommand, parseAdmin } from './cli/admin-words.ts';
import { CHECK_NAMES, type CheckName } from './cli/check-names.ts';
import {
  CLIENT_ADD_HELP,
  CLIENT_HELP,
  CLIENT_TAKES,
  type ClientCommand,
  type ClientName,
  nameClientCommand,
  parseClient,
} from './cli/client-words.ts';
import { INIT_HELP, INIT_TAKES, type InitCommand, parseInit } from './cli/init-words.ts';
import { MOVING_HELP, MOVING_TAKES, type MovingCommand, type MovingName, nameDbCommand, parseMoving } from './cli/moving-words.ts';
import { readArguments } from './cli/read-arguments.ts';
import { nameSuspension, parseSuspension, type SuspensionCommand, type SuspensionName } from './cli/suspension-words.ts';
import { nameUserCommand, parseUser, USER_HELP, USER_TAKES, type UserCommand, type UserCommandName } from './cli/user-words.ts';
import { JOB_NAMES, type JobName } from './jobs/names.ts';

/** What a command line asks for. */
export type Command =
  | { readonly kind: 'start' }
  | { readonly kind: 'migrate'; readonly json: boolean }
  | { readonly kind: 'job'; readonly name: JobName; readonly json: boolean }
  | { readonly kind: 'rotate-keys' | 'rotate-master' | 'retire-master'; readonly json: boolean }
  | { readonly kind: 'drop-key'; readonly id: string; readonly json: boolean }
  | { readonly kind: 'invite'; readonly email: Email; readonly json: boolean }
  | AddCommand
  | InitCommand
  | { readonly kind: 'health' }
  | AdminCommand
  | SuspensionCommand
  | UserCommand
  | ClientCommand
  | MovingCommand
  | { readonly kind: 'doctor'; readonly json: boolean; readonly only: CheckName | null }
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
  keys rotate-master     let the next master key open the database
  keys retire-master     let no other master key open it than the one in use
  invite EMAIL           invite somebody to create an account, or invite them again
  suspension list        show the networks that are shut out because they guessed
  suspension lift ADDRESS
                         let one in again
  suspension allow CIDR  never suspend a range; --note TEXT says why
  suspension disallow CIDR
                         suspend it like any other
${ADMIN_HELP}${USER_HELP}${ADD_HELP}${CLIENT_HELP}${MOVING_HELP}  doctor                 show every setting and check what they lead to; --only NAME checks one part:
                         ${CHECK_NAMES.slice(0, 7).join(', ')},
                         ${CHECK_NAMES.slice(7).join(', ')}
  health                 ask the server of these settings whether it is alive: exit code 0 or 1
${INIT_HELP}
Options
  --json                 answer in JSON (migrate, job, keys, invite, suspension, admin, user, add, client,
                         backup, restore, db, doctor, init)
  --version              print the version
  --help                 print this

${ADD_OPTIONS_HELP}
${CLIENT_ADD_HELP}
Settings come from the environment; docs/config.md lists them, portico doctor shows them.
`;

/** Which options a command takes; `--help` and `--version` go with every one. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  start: [],
  migrate: ['json'],
  job: ['json'],
  'keys rotate': ['json', 'drop'],
  'keys rotate-master': ['json'],
  'keys retire-master': ['json'],
  invite: ['json'],
  'suspension list': ['json'],
  'suspension lift': ['json'],
  'suspension allow': ['json', 'note'],
  'suspension disallow': ['json'],
  ...ADMIN_TAKES,
  ...USER_TAKES,
  add: ADD_TAKES,
  ...CLIENT_TAKES,
  ...MOVING_TAKES,
  doctor: ['json', 'only'],
  health: [],
  init: INIT_TAKES,
};
/** How many words more a command takes; none unless named here. */
const WORDS: Readonly<Record<string, number>> = {
  job: 1,
  invite: 1,
  add: 1,
  init: 1,
  'suspension lift': 1,
  'suspension allow': 1,
  'suspension disallow': 1,
  'user suspend': 1,
  'user reinstate': 1,
  'user role': 2,
  'client rotate-secret': 1,
  'client remove': 1,
  'client disable': 1,
  'client enable': 1,
  'client roles': 1,
  backup: 1,
  restore: 1,
};

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
  const [first] = rest;
  const extra = rest[WORDS[name] ?? 0];
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
    case 'keys rotate-master':
      return { kind: 'rotate-master', json };
    case 'keys retire-master':
      return { kind: 'retire-master', json };
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
    case 'admin link':
    case 'admin create': {
      const command = parseAdmin(name, { json, email: values.email });
      return typeof command === 'string' ? badUsage(command) : command;
    }
    case 'user suspend':
    case 'user reinstate':
    case 'user role': {
      const command = parseUser(name, rest, { json, reason: values.reason });
      return typeof command === 'string' ? badUsage(command) : command;
    }
    case 'add': {
      const command = parseAdd(first, values, json);
      return typeof command === 'string' ? badUsage(command) : command;
    }
    case 'init': {
      const command = parseInit(first, values, json);
      return typeof command === 'string' ? badUsage(command) : command;
    }
    case 'health':
      return { kind: 'health' };
    case 'backup':
    case 'restore':
    case 'db copy':
    case 'db reopen': {
      const command = parseMoving(name, first, values, json);
      return typeof command === 'string' ? badUsage(command) : command;
    }
    case 'migrate':
      return { kind: name, json };
    case 'doctor': {
      const only = CHECK_NAMES.find((each) => each === values.only) ?? null;
      if (values.only !== undefined && only === null) return badUsage(`--only needs the name of a part: ${CHECK_NAMES.join(', ')}`);
      return { kind: 'doctor', json, only };
    }
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

const KEYS = ['keys rotate', 'keys rotate-master', 'keys retire-master'] as const;
type KeysName = (typeof KEYS)[number];

type CommandName =
  | 'start'
  | 'migrate'
  | 'job'
  | KeysName
  | 'invite'
  | 'add'
  | SuspensionName
  | AdminCommandName
  | UserCommandName
  | ClientName
  | MovingName
  | 'doctor'
  | 'health'
  | 'init';

const PLAIN = ['start', 'migrate', 'job', 'invite', 'add', 'backup', 'restore', 'doctor', 'health', 'init'] as const;

function nameCommand(words: readonly string[]): { name: CommandName; rest: readonly string[] } | { problem: string } {
  const [first = 'start', ...rest] = words;
  if (first === 'keys') {
    const name = KEYS.find((each) => each === `keys ${rest[0]}`);
    return name === undefined ? { problem: 'keys needs a command: rotate, rotate-master or retire-master' } : { name, rest: rest.slice(1) };
  }
  const plain = PLAIN.find((name) => name === first);
  if (plain !== undefined) return { name: plain, rest };
  if (first === 'suspension') {
    const name = nameSuspension(rest[0]);
    return name === null ? { problem: 'suspension needs a command: list, lift, allow or disallow' } : { name, rest: rest.slice(1) };
  }
  if (first === 'admin') {
    const name = nameAdminCommand(rest[0]);
    return name === null ? { problem: 'admin needs a command: link or create' } : { name, rest: rest.slice(1) };
  }
  if (first === 'user') {
    const name = nameUserCommand(rest[0]);
    return name === null ? { problem: 'user needs a command: suspend, reinstate or role' } : { name, rest: rest.slice(1) };
  }
  if (first === 'db') {
    const name = nameDbCommand(rest[0]);
    return name === null ? { problem: 'db needs a command: copy or reopen' } : { name, rest: rest.slice(1) };
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

function badUsage(problem: string): Parsed {
  return { kind: 'bad-usage', problem };
}
