import { HELP, parseCommand } from './cli.ts';
import { doctor } from './cli/doctor.ts';
import { dropKey, rotateKeys } from './cli/keys.ts';
import { migrateDatabase } from './cli/migrate.ts';
import { runNamedJob } from './cli/run-job.ts';
import { start } from './cli/start.ts';
import { readVersion } from './cli/version.ts';
import { ConfigProblems } from './config.ts';
import { StartProblem } from './wire.ts';

/** Runs a command line; answers the exit code: 0 done, 1 failed, 2 not understood. */
export async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv);
  try {
    switch (command.kind) {
      case 'bad-usage':
        console.error(`portico: ${command.problem} (portico --help lists what there is)`);
        return 2;
      case 'help':
        process.stdout.write(HELP);
        return 0;
      case 'version':
        console.log(readVersion());
        return 0;
      case 'start':
        return await start();
      case 'migrate':
        return await migrateDatabase(command);
      case 'job':
        return await runNamedJob(command);
      case 'rotate-keys':
        return await rotateKeys(command);
      case 'drop-key':
        return await dropKey(command);
      case 'doctor':
        return await doctor(command);
    }
  } catch (error) {
    if (error instanceof ConfigProblems) {
      console.error(`portico: ${error.problems.length === 1 ? 'a setting is' : `${error.problems.length} settings are`} wrong`);
      for (const problem of error.problems) console.error(`  - ${problem}`);
      return 1;
    }
    if (error instanceof StartProblem) {
      console.error(`portico: ${error.message}`);
      return 1;
    }
    throw error;
  }
}
