import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Environment, findGiven } from '../../config/environment.ts';
import { SETTINGS } from '../../config.ts';
import { SQLITE_FILE } from '../../platform/sqlite-file.ts';
import { StartProblem } from '../../start-problem.ts';

/** The folder that Portico's own programs lie in. */
export const PORTICO_FOLDER = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/[\\/]$/, '');

/**
 * The folder in which the command was typed. `npm --prefix …/portico run portico` starts it in Portico's own folder, and npm says from where.
 */
export function folderOfCaller(env: Environment, current: string): string {
  const typedIn = env['INIT_CWD'] ?? '';
  return current === PORTICO_FOLDER && typedIn !== '' ? typedIn : current;
}

export interface Caller {
  readonly env: Environment;
  /** Of the process: what a setting names is relative to it. */
  readonly current: string;
  /** What was typed is relative to it. */
  readonly folder: string;
}

/**
 * The settings that lead to the database of the Portico that is meant: the one in `dataDir`, or that the settings name; else the one that was
 * started in this folder, or in Portico's own, as `npm start` does. Throws StartProblem where there is none: an app that is registered at a
 * database made for the purpose could sign nobody in.
 */
export function findPortico({ env, current, folder }: Caller, dataDir: string | null): Environment {
  const { standard, name } = SETTINGS.dataDir;
  if (dataDir !== null) {
    if (findGiven(env, SETTINGS.databaseUrl.name).kind !== 'nothing')
      throw new StartProblem(`--data-dir and ${SETTINGS.databaseUrl.name} name two databases: keep one`, null);
    return atFirst(env, [resolve(folder, dataDir)]);
  }
  if (findGiven(env, SETTINGS.databaseUrl.name).kind !== 'nothing') return env;
  const given = findGiven(env, name);
  // What is wrong with it is said with all the other settings.
  if (given.kind === 'problem') return env;
  return atFirst(
    env,
    given.kind === 'text' ? [resolve(current, given.text)] : [resolve(current, standard), join(PORTICO_FOLDER, standard)],
  );
}

function atFirst(env: Environment, places: readonly string[]): Environment {
  const { name } = SETTINGS.dataDir;
  const found = places.find((place) => existsSync(join(place, SQLITE_FILE)));
  if (found !== undefined) return { ...env, [name]: found, [`${name}_FILE`]: undefined };
  throw new StartProblem(
    `there is no Portico in ${places.at(-1)}: start it once (npm start in its folder), or name its data folder with --data-dir`,
    null,
  );
}
