import type { Environment } from '../config/environment.ts';
import { readConfig } from '../config.ts';
import type { Deps } from '../deps.ts';
import { createLogger } from '../platform/logger.ts';
import { createDeps } from '../wire.ts';

/** For commands that do one thing and end: everything a function is handed, and the database closed afterwards. Logs go to standard error. */
export async function withDeps<T>(work: (deps: Deps) => Promise<T>, env: Environment = process.env): Promise<T> {
  const config = readConfig(env);
  const log = createLogger(config, process.stderr);
  const { deps, close } = await createDeps(config, log);
  try {
    return await work(deps);
  } finally {
    await close();
  }
}
