// node scripts/make-snapshot.ts v0.N.0: what this version leaves in a database, for the tests of every later one. Run once, in the tree of the tag.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupLines } from '../server/src/moving/backup-text.ts';
import { withSnapshot } from '../server/src/moving/read-database.ts';
import { migrate } from '../server/src/platform/migrate.ts';
import { openBulk } from '../server/src/platform/open-bulk.ts';
import { openDatabase } from '../server/src/platform/open-database.ts';
import { type Kept, liveThrough } from '../server/test/snapshots/live-through.ts';

const FOLDER = join(import.meta.dirname, '..', 'server', 'test', 'snapshots');
const NOTE = 'Made by scripts/make-snapshot.ts. These secrets open nothing but the snapshot beside this file.';

const [version = ''] = process.argv.slice(2);
if (/^v\d+\.\d+\.\d+$/.test(version)) await makeSnapshot(version);
else {
  console.error('Usage: node scripts/make-snapshot.ts v0.N.0');
  process.exitCode = 2;
}

async function makeSnapshot(tag: string): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-snapshot-'));
  try {
    const where = { databaseUrl: '', dataDir };
    const db = openDatabase(where);
    let kept: Kept;
    try {
      await migrate(db, undefined, () => 0);
      kept = await liveThrough(db);
    } finally {
      await db.close();
    }
    const source = await openBulk(where);
    const lines = await withSnapshot(source, async (content) => {
      let text = '';
      const madeAt = new Date(kept.takenAt).toISOString();
      for await (const part of backupLines(content, { version: tag.slice(1), madeAt })) text += part;
      return text;
    });
    await source.close();
    writeFileSync(join(FOLDER, `${tag}.jsonl`), lines);
    writeFileSync(join(FOLDER, `${tag}.json`), `${JSON.stringify({ note: NOTE, ...kept }, null, 2)}\n`);
    console.log(`wrote server/test/snapshots/${tag}.jsonl and ${tag}.json`);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
