import { inspectConfig } from '../config.ts';
import type { Deps } from '../deps.ts';
import { listMasterKeyIds } from '../keys/data-key.ts';
import { type MasterRetirement, retireMasterKeys } from '../keys/retire-master-key.ts';
import { type MasterRotation, rotateMasterKey } from '../keys/rotate-master-key.ts';
import { adoptNextMasterKeyFile, findMasterKeyFile, NEXT_MASTER_KEY_FILE, requireMasterKeyFile } from '../platform/master-key.ts';
import { commandLine } from './command-line.ts';
import { withDeps } from './with-deps.ts';

/** The next master key begins to open the database. Exit code 1, and nothing was changed, where it cannot. */
export async function rotateMaster({ json }: { json: boolean }): Promise<number> {
  const isFile = inspectConfig().masterKey === null;
  return withDeps(async (deps) => {
    const isMade = isFile && deps.config.nextMasterKey === null;
    const next = deps.config.nextMasterKey ?? (isFile ? await makeNext(deps) : null);
    if (next === null) return refuse(isFile ? UNFINISHED : 'PORTICO_NEXT_MASTER_KEY is missing: make one with openssl rand -hex 32');
    const outcome = await rotateMasterKey(deps, commandLine(deps), next);
    if (outcome.kind === 'same') return refuse('PORTICO_NEXT_MASTER_KEY is the key that is in use: make another with openssl rand -hex 32');
    if (outcome.kind === 'unfinished') return refuse(UNFINISHED);
    const kept = isMade ? adoptNextMasterKeyFile(deps.config.dataDir, deps.config.masterKey) : null;
    if (json) console.log(JSON.stringify({ ...outcome, ...(kept === null ? {} : { kept }) }));
    else for (const sentence of rotated(outcome, kept)) console.log(sentence);
    return 0;
  });
}

const UNFINISHED =
  'an earlier change of the master key is not finished: run portico keys retire-master first, with the key that shall stay';

/** Null: an earlier change goes on, and one file more would only mislead. */
async function makeNext({ db, config: { dataDir } }: Deps): Promise<Buffer | null> {
  const isBegun = (await listMasterKeyIds(db)).length > 1;
  if (isBegun && findMasterKeyFile(dataDir, NEXT_MASTER_KEY_FILE).kind === 'absent') return null;
  return requireMasterKeyFile(dataDir, NEXT_MASTER_KEY_FILE);
}

function rotated(outcome: Exclude<MasterRotation, { kind: 'same' | 'unfinished' }>, kept: string | null): string[] {
  const { masterKeyId } = outcome;
  const first =
    outcome.kind === 'again'
      ? `master key ${masterKeyId} opens this database already`
      : `master key ${masterKeyId} opens this database too; data key ${outcome.dataKeyId} seals from ${new Date(outcome.currentFrom).toISOString()}`;
  const where =
    kept === null ? 'give it to each node as PORTICO_MASTER_KEY' : `it stands in the data folder now; the one before is ${kept}`;
  return [first, `${where}; restart the nodes one after the other, then run portico keys retire-master`];
}

/** Every other master key stops opening the database. Exit code 1, and nothing was changed, where something still needs one. */
export async function retireMaster({ json }: { json: boolean }): Promise<number> {
  return withDeps(async (deps) => {
    const outcome = await retireMasterKeys(deps, commandLine(deps));
    const problem = problemOf(outcome);
    if (problem !== null) return refuse(problem);
    if (json) console.log(JSON.stringify(outcome));
    else if (outcome.kind === 'retired') console.log(retired(outcome));
    else console.log('no other master key opens this database');
    return 0;
  });
}

function problemOf(outcome: MasterRetirement): string | null {
  if (outcome.kind === 'waits')
    return `the newest data key is not used everywhere yet: ask again after ${new Date(outcome.until).toISOString()}`;
  if (outcome.kind === 'nodes') {
    const names = outcome.nodes.map(({ host, pid }) => `${host} (process ${pid})`).join(', ');
    return `nodes still hold another master key: ${names}; restart them with this one (one that was killed is forgotten after a minute)`;
  }
  if (outcome.kind === 'left')
    return `${outcome.count} secrets are still sealed with older keys: a running server seals them anew (or: portico job reseal-secrets); ask again then`;
  return null;
}

function retired({ masterKeyIds }: Extract<MasterRetirement, { kind: 'retired' }>): string {
  const names = masterKeyIds.length === 0 ? 'older data keys' : `master key ${masterKeyIds.join(', ')}`;
  return `${names} opens nothing here any more; keep it, apart from this machine, only for as long as copies of the database from before`;
}

function refuse(sentence: string): number {
  console.error(`portico: ${sentence}`);
  return 1;
}
