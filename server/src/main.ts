import { type Command, HELP, parseCommand } from './cli.ts';
import { ConfigProblems } from './config.ts';
import { StartProblem } from './start-problem.ts';

/** Runs a command line; answers the exit code: 0 done, 1 failed, 2 not understood. */
export async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv);
  if (command.kind === 'bad-usage') {
    console.error(`portico: ${command.problem} (portico --help lists what there is)`);
    return 2;
  }
  try {
    return await run(command);
  } catch (error) {
    if (!(error instanceof ConfigProblems || error instanceof StartProblem)) throw error;
    const sentences = error instanceof ConfigProblems ? listProblems(error.problems) : [error.message];
    console.error(`portico: ${sentences.join('\n  - ')}`);
    return 1;
  }
}

/** Each command loads only what it needs. */
async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      process.stdout.write(HELP);
      return 0;
    case 'version':
      console.log((await import('./platform/version.ts')).readVersion());
      return 0;
    case 'start':
      return (await import('./cli/start.ts')).start();
    case 'migrate':
      return (await import('./cli/migrate.ts')).migrateDatabase(command);
    case 'job':
      return (await import('./cli/run-job.ts')).runNamedJob(command);
    case 'rotate-keys':
      return (await import('./cli/keys.ts')).rotateKeys(command);
    case 'rotate-master':
      return (await import('./cli/master-key.ts')).rotateMaster(command);
    case 'retire-master':
      return (await import('./cli/master-key.ts')).retireMaster(command);
    case 'drop-key':
      return (await import('./cli/keys.ts')).dropKey(command);
    case 'invite':
      return (await import('./cli/invite.ts')).invite(command);
    case 'add':
      return (await import('./cli/add.ts')).addApp(command);
    case 'suspension-list':
      return (await import('./cli/suspension.ts')).listSuspended(command);
    case 'suspension-lift':
      return (await import('./cli/suspension.ts')).liftSuspended(command);
    case 'suspension-allow':
      return (await import('./cli/suspension.ts')).allow(command);
    case 'suspension-disallow':
      return (await import('./cli/suspension.ts')).disallow(command);
    case 'admin-link':
      return (await import('./cli/admin.ts')).printSetupLink(command);
    case 'user-suspend':
      return (await import('./cli/user.ts')).suspend(command);
    case 'user-reinstate':
      return (await import('./cli/user.ts')).reinstate(command);
    case 'user-role':
      return (await import('./cli/user.ts')).giveRole(command);
    case 'client-add':
      return (await import('./cli/client.ts')).addClient(command);
    case 'client-list':
      return (await import('./cli/client.ts')).listSites(command);
    case 'client-rotate-secret':
      return (await import('./cli/client.ts')).rotate(command);
    case 'client-replace-keys':
      return (await import('./cli/client.ts')).changeKeys(command);
    case 'client-remove':
    case 'client-disable':
      return (await import('./cli/client.ts')).retire(command);
    case 'client-enable':
      return (await import('./cli/client.ts')).enable(command);
    case 'client-roles':
      return (await import('./cli/client.ts')).roles(command);
    case 'health':
      return (await import('./cli/health.ts')).health();
    case 'init':
      return (await import('./cli/init.ts')).init(command);
    case 'backup':
      return (await import('./cli/backup.ts')).backup(command);
    case 'restore':
      return (await import('./cli/restore.ts')).restore(command);
    case 'db-copy':
      return (await import('./cli/db-copy.ts')).copyTo(command);
    case 'db-reopen':
      return (await import('./cli/db-copy.ts')).reopen(command);
    case 'doctor':
      return (await import('./cli/doctor.ts')).doctor(command);
  }
}

function listProblems(problems: readonly string[]): readonly string[] {
  return [problems.length === 1 ? 'a setting is wrong' : `${problems.length} settings are wrong`, ...problems];
}
