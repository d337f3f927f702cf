import type { Settings } from '../config.ts';
import { listDataKeyAges, listMasterKeyIds, progressOf } from '../keys/data-key.ts';
import type { Db } from '../platform/db.ts';
import { findMasterKeyFile, masterKeyIdOf, NEXT_MASTER_KEY_FILE } from '../platform/master-key.ts';
import type { Check } from './check.ts';

/** How far a change of the master key is. Nothing where there never was one. */
export async function checkSecrets(db: Db, { dataDir }: Settings, masterKey: Buffer | null, now: number): Promise<readonly Check[]> {
  const keys = await listDataKeyAges(db);
  const current = keys.findLast(({ currentFrom }) => currentFrom <= now)?.id ?? 0;
  const progress = progressOf(keys, current);
  const others = (await listMasterKeyIds(db)).filter((id) => masterKey === null || id !== masterKeyIdOf(masterKey));
  const checks: Check[] = [];
  if (findMasterKeyFile(dataDir, NEXT_MASTER_KEY_FILE).kind !== 'absent') {
    const finding = `${NEXT_MASTER_KEY_FILE} lies in the data folder: a change of the master key was interrupted`;
    checks.push({ name: 'master key, next', state: 'warn', finding, fix: 'portico keys rotate-master again: it goes on from there' });
  }
  if (progress === null) return checks;
  if (progress.state === 'resealing') {
    const count = progress.left === null ? 'some secrets, not counted yet,' : `${progress.left} secrets`;
    const finding = `${count} are sealed with older data keys than ${progress.newest}`;
    return [
      ...checks,
      { name: 'secrets', state: 'warn', finding, fix: 'a running server seals them anew (or: portico job reseal-secrets)' },
    ];
  }
  if (others.length > 0) {
    const finding = `all are sealed with data key ${progress.newest}, but master key ${others.join(', ')} opens it too`;
    const fix = 'when every node holds the one that shall stay, run portico keys retire-master with it';
    return [...checks, { name: 'secrets', state: 'warn', finding, fix }];
  }
  return [...checks, { name: 'secrets', state: 'ok', finding: `all are sealed with data key ${progress.newest}` }];
}
