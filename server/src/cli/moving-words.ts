/** What `portico backup`, `portico restore` and `portico db …` ask for. `-` is standard output or input. */
export type MovingCommand =
  | { readonly kind: 'backup'; readonly file: string; readonly json: boolean }
  | { readonly kind: 'restore'; readonly file: string; readonly endSessions: boolean; readonly json: boolean }
  | { readonly kind: 'db-copy'; readonly to: Destination; readonly keepOpen: boolean; readonly json: boolean }
  | { readonly kind: 'db-reopen'; readonly json: boolean };

/** An address of PostgreSQL, a data folder for SQLite, or a file in which one of the two stands. */
export type Destination =
  | { readonly kind: 'postgres'; readonly url: string }
  | { readonly kind: 'sqlite'; readonly folder: string }
  | { readonly kind: 'file'; readonly path: string };

export type MovingName = 'backup' | 'restore' | 'db copy' | 'db reopen';

export interface MovingOptions {
  readonly to?: string;
  readonly 'to-file'?: string;
  readonly 'keep-open'?: boolean;
  readonly 'end-sessions'?: boolean;
}

export const MOVING_OPTIONS = {
  to: { type: 'string' },
  'to-file': { type: 'string' },
  'keep-open': { type: 'boolean' },
  'end-sessions': { type: 'boolean' },
} as const;

export const MOVING_HELP = `  backup FILE            write everything to a file, while the server runs; - is standard output
  restore FILE           fill an empty database from it; --end-sessions ends every sign-in
  db copy --to WHERE     move to another database, postgres://… or sqlite:FOLDER, and close this
                         one for writes; --to-file FILE reads WHERE from a file;
                         --keep-open is a rehearsal, which closes nothing
  db reopen              take writes again at a database that a copy has closed
`;
export const MOVING_TAKES: Readonly<Record<MovingName, readonly string[]>> = {
  backup: ['json'],
  restore: ['json', 'end-sessions'],
  'db copy': ['json', 'to', 'to-file', 'keep-open'],
  'db reopen': ['json'],
};

export function nameDbCommand(word: string | undefined): MovingName | null {
  return word === 'copy' || word === 'reopen' ? `db ${word}` : null;
}

/** A text is the problem, in one line. */
export function parseMoving(name: MovingName, file: string | undefined, options: MovingOptions, json: boolean): MovingCommand | string {
  if (name === 'db reopen') return { kind: 'db-reopen', json };
  if (name === 'db copy') {
    const to = chooseDestination(options);
    return typeof to === 'string' ? to : { kind: 'db-copy', to, keepOpen: options['keep-open'] === true, json };
  }
  if (file === undefined || file === '') return `${name} needs the name of a file`;
  if (name === 'backup') {
    return file === '-' && json ? 'backup: with --json the backup cannot go to standard output too' : { kind: 'backup', file, json };
  }
  return { kind: 'restore', file, endSessions: options['end-sessions'] === true, json };
}

/** The same words stand in a file that `--to-file` names. The text is not repeated in the problem: it may hold a password. */
export function parseDestination(text: string): Exclude<Destination, { kind: 'file' }> | string {
  if (/^postgres(?:ql)?:\/\//.test(text))
    return URL.canParse(text) ? { kind: 'postgres', url: text } : 'the address of the database is not a URL';
  const folder = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1];
  if (folder === undefined) return 'the copy goes to postgres://… or to sqlite:FOLDER, a data folder';
  if (folder.endsWith('.sqlite')) return 'sqlite: takes the data folder; the file in it is always called portico.sqlite';
  return { kind: 'sqlite', folder };
}

function chooseDestination({ to, 'to-file': path }: MovingOptions): Destination | string {
  if ((to === undefined) === (path === undefined)) return 'db copy needs --to WHERE, or --to-file FILE';
  if (path !== undefined) return { kind: 'file', path };
  return parseDestination(to ?? '');
}
