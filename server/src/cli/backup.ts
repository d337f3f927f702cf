import { inspectConfig } from '../config.ts';
import { writeBackupFile, writeBackupStream } from '../moving/backup-file.ts';
import { type BackupEnd, backupLines } from '../moving/backup-text.ts';
import type { Content } from '../moving/content.ts';
import { withSnapshot } from '../moving/read-database.ts';
import { createRandom } from '../platform/random.ts';
import { readVersion } from '../platform/version.ts';
import { explain, withBulk } from './moving-connection.ts';
import { showProgress } from './moving-progress.ts';
import type { MovingCommand } from './moving-words.ts';

/** Writes all rows of one moment to a file, while servers go on. */
export async function backup({ file, json }: Extract<MovingCommand, { kind: 'backup' }>): Promise<number> {
  const settings = inspectConfig();
  const { onProgress, end } = showProgress(process.stderr);
  const madeAt = new Date().toISOString();
  const version = readVersion();
  let sums: BackupEnd | null = null;
  const write = async (content: Content) => {
    const lines = backupLines(content, { version, madeAt }, (said) => (sums = said));
    const bytes =
      file === '-' ? await writeBackupStream(process.stdout, lines) : await writeBackupFile(file, lines, createRandom()(6).toString('hex'));
    return { bytes: bytes ?? null, rows: content.rows, migrations: content.migrations.map(({ name }) => name) };
  };
  const done = await withBulk(settings, {}, (source) => withSnapshot(source, write, onProgress))
    .finally(end)
    .catch(explain('nothing was backed up'));
  if (json) console.log(JSON.stringify({ file, ...done, version, madeAt, hash: (sums as BackupEnd | null)?.hash }));
  else if (file !== '-') console.log(`${file}: ${done.rows} rows, ${done.bytes} bytes. The master key is not in it: keep that elsewhere`);
  return 0;
}
