import { backupLines } from '../../src/moving/backup-text.ts';
import { fillDatabase, inOneTransaction, requireRoom } from '../../src/moving/fill-database.ts';
import { openBackup } from '../../src/moving/read-backup.ts';
import { withSnapshot } from '../../src/moving/read-database.ts';
import type { BulkConnection } from '../../src/platform/bulk-connection.ts';

const FIXED = { version: '0.0.0', madeAt: '2026-01-05T12:00:00.000Z' };

/** A whole database as the text of its backup. */
export async function textOf(from: BulkConnection): Promise<string> {
  return withSnapshot(from, async (content) => {
    let text = '';
    for await (const part of backupLines(content, FIXED)) text += part;
    return text;
  });
}

export async function restoreText(into: BulkConnection, text: string): Promise<void> {
  await requireRoom(into);
  const backup = await openBackup(linesIn(text));
  await inOneTransaction(into, () => fillDatabase(into, backup, { now: 0 }));
}

async function* linesIn(text: string): AsyncGenerator<string> {
  yield* text.split('\n').slice(0, -1);
}
