import { inspectConfig } from '../config.ts';
import { databasePlace } from '../wire.ts';
import { detectApp } from './add/detect-app.ts';
import { findPortico, folderOfCaller, PORTICO_FOLDER } from './add/find-portico.ts';
import { planClient } from './add/plan-client.ts';
import { registerApp } from './add/register-app.ts';
import { type Report, reportJson, reportText } from './add/report.ts';
import type { AddCommand } from './add-words.ts';
import { withDeps } from './with-deps.ts';

/** Exit code 2 for what the command line says wrong, 1 for what only the folder or this installation knows. */
export async function addApp(command: AddCommand): Promise<number> {
  const { origin, wanted, id, json } = command;
  const current = process.cwd();
  const folder = folderOfCaller(process.env, current);
  if (folder === PORTICO_FOLDER) return failed(`${folder} is Portico's own folder: run it in the folder of the app`, 2);
  const detected = detectApp(folder, wanted);
  if (detected.kind === 'problem') return failed(detected.problem, detected.usage ? 2 : 1);
  const { app } = detected;
  const env = findPortico({ env: process.env, current, folder }, command.dataDir);
  const report = (outcome: Report['outcome'], client: Report['client']) => {
    const config = inspectConfig(env);
    const whole: Report = { outcome, app, origin, client, issuer: config.origin, place: databasePlace(config), folder };
    process.stdout.write(json ? `${reportJson(whole)}\n` : reportText(whole));
    return 0;
  };
  if (command.dryRun) return report('planned', planClient(app, origin, id ?? 'CLIENT_ID'));
  const added = await withDeps((deps) => registerApp(deps, { app, origin, id, folder }), env);
  return added.kind === 'refused' ? failed(added.problems.join('; '), added.usage ? 2 : 1) : report(added.kind, added.client);
}

function failed(sentence: string, code: 1 | 2): number {
  console.error(`portico: ${sentence}`);
  return code;
}
