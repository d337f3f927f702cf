import type { JobName } from '../jobs/names.ts';
import { runJob } from '../jobs/runner.ts';
import { withDeps } from './with-deps.ts';

/** Exit code 1 if another process is just doing it: whoever waits for the job must know that it was not done for him. */
export async function runNamedJob({ name, json }: { name: JobName; json: boolean }): Promise<number> {
  const outcome = await withDeps((deps) => runJob(deps, name));
  if (json) console.log(JSON.stringify({ job: name, outcome }));
  else if (outcome === 'done') console.log(`${name}: done`);
  else console.error(`portico: ${name} is just being done by another process`);
  return outcome === 'done' ? 0 : 1;
}
