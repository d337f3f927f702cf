import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SECRET_FOLDER, secretFileOf } from '../../clients/snippets.ts';
import { StartProblem } from '../../start-problem.ts';

/** Where an app finds its secret, below its own folder. */
const IGNORE_FILE = '.gitignore';

/** Takes back what was written. */
export type Undo = () => void;

/**
 * Writes the secret where only its owner reads it and git does not look. All of it is written or nothing; answers how to take it back.
 * Throws StartProblem.
 */
export function keepSecret(folder: string, clientId: string, secret: string): Undo {
  const done: Undo[] = [];
  const undo = () => {
    for (const back of done.splice(0).reverse()) back();
  };
  try {
    // Before the secret is there: whoever commits at this moment must not commit it.
    const isThere = () => lstatSync(join(folder, SECRET_FOLDER), { throwIfNoEntry: false }) !== undefined;
    const wasThere = isThere();
    const forget = ignoreSecrets(folder);
    done.push(() => {
      // The secret of another `portico add` may have come meanwhile, and git must not see it.
      if (wasThere || !isThere()) forget();
    });
    done.push(makeSecretFolder(folder));
    done.push(writeSecret(join(folder, secretFileOf(clientId)), secret));
    ignoreSecrets(folder);
    return undo;
  } catch (cause) {
    undo();
    throw new StartProblem(`the secret cannot be kept, so nothing was registered: ${(cause as Error).message}`, cause);
  }
}

function makeSecretFolder(folder: string): Undo {
  const path = join(folder, SECRET_FOLDER);
  const facts = lstatSync(path, { throwIfNoEntry: false });
  // A link would carry the secret to wherever whoever made it wants it.
  if (facts?.isDirectory() === false) throw new Error(`${path} is no folder${facts.isSymbolicLink() ? ' but a link' : ''}`);
  if (facts !== undefined) return () => undefined;
  mkdirSync(path, { mode: 0o700 });
  return () => {
    try {
      rmdirSync(path);
    } catch {
      // Somebody else's secret is in it by now.
    }
  };
}

function writeSecret(path: string, secret: string): Undo {
  // `wx` follows no link and overwrites nothing: what lies there may be the secret of another Portico.
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, `${secret}\n`);
    fsyncSync(file);
  } catch (cause) {
    unlinkSync(path);
    throw cause;
  } finally {
    closeSync(file);
  }
  return () => unlinkSync(path);
}

/** Adds one line, in the file's own line ends; nothing where the folder is ignored already. */
function ignoreSecrets(folder: string): Undo {
  const path = join(folder, IGNORE_FILE);
  const existed = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT | (existed ? (constants.O_NOFOLLOW ?? 0) : constants.O_EXCL), 0o644);
  try {
    const { size } = fstatSync(file);
    const text = readFileSync(file, 'utf8');
    if (text.split(/\r?\n/).some((line) => /^\/?\.portico\/?$/.test(line.trim()))) return () => undefined;
    const end = text.includes('\r\n') ? '\r\n' : '\n';
    const line = `${text === '' || text.endsWith('\n') ? '' : end}${SECRET_FOLDER}/${end}`;
    writeSync(file, line, size);
    return existed ? () => truncate(path, size) : () => unlinkSync(path);
  } finally {
    closeSync(file);
  }
}

function truncate(path: string, size: number): void {
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, size);
  } finally {
    closeSync(file);
  }
}
