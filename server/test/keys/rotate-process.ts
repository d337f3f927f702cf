import { retireMaster, rotateMaster } from '../../src/cli/master-key.ts';

/** The two commands without the rest of the command line, so that many of them cost little. */
process.exitCode = await (process.argv[2] === 'retire' ? retireMaster : rotateMaster)({ json: true });
