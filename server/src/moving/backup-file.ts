import { createReadStream, createWriteStream, existsSync, lstatSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { BACKUP_FORMAT } from './backup-text.ts';
import { MoveRefused } from './move-refused.ts';

/** The longest line that is read: a row has a few kilobytes. A file without line ends is no backup and must not fill the memory. */
const LINE_MAX = 4 * 1024 * 1024;
/** https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1 */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/**
 * Writes a backup: to a draft beside it, synced, and under its own name only when it is whole. Readable by its owner alone. Answers its size
 * in bytes. A file that is there is replaced if it is a backup itself. `mark` tells this draft from those of others.
 */
export async function writeBackupFile(path: string, lines: AsyncIterable<string>, mark: string): Promise<number> {
  await requireReplaceable(path);
  const draft = `${path}.${mark}.part`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await pipeline(Readable.from(lines), createGzip(), createWriteStream('', { fd: file.fd, autoClose: false }));
    await file.sync();
    const { size } = await file.stat();
    await file.close();
    await rename(draft, path);
    await syncFolder(dirname(resolve(path)));
    return size;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

export async function writeBackupStream(out: Writable, lines: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(lines), createGzip(), out, { end: false });
}

/** The lines of a file, or of standard input; compressed or not. Throws MoveRefused for what cannot be read as such. */
export async function* readLines(from: string | Readable): AsyncGenerator<string> {
  const bytes = typeof from === 'string' ? createReadStream(from) : from;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  try {
    for await (const chunk of await unpacked(bytes)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_MAX) throw new MoveRefused('this is no backup of Portico: it has no lines');
      yield* lines;
    }
    rest += decoder.decode();
  } catch (cause) {
    throw isUnreadable(cause) ? new MoveRefused(`the file is cut or damaged: ${(cause as Error).message}`, { cause }) : cause;
  }
  // Every line of a whole backup has its end.
  if (rest !== '') throw new MoveRefused('the file is cut or damaged: its last line has no end');
}

async function unpacked(bytes: Readable): Promise<AsyncIterable<Uint8Array>> {
  const [first, all] = await peek(bytes);
  if (!first.subarray(0, 2).equals(GZIP_MAGIC)) return all;
  const gunzip = createGunzip();
  // Whoever reads hears of what goes wrong.
  pipeline(Readable.from(all), gunzip).catch(() => undefined);
  return gunzip;
}

async function peek(bytes: Readable): Promise<[Buffer, AsyncIterable<Buffer>]> {
  const chunks = bytes[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next();
  const start = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
  async function* all(): AsyncIterable<Buffer> {
    yield start;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  return [start, all()];
}

function isUnreadable(cause: unknown): boolean {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return false;
  return cause.code.startsWith('Z_') || cause.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}

/** A slip of the fingers must not replace the database with its own backup. */
async function requireReplaceable(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const isBackup = lstatSync(path).isFile() && (await firstLine(path).catch(() => '')).includes(`"${BACKUP_FORMAT}"`);
  if (!isBackup) throw new MoveRefused(`${path} is there already and is no backup: take another name`);
}

async function firstLine(path: string): Promise<string> {
  for await (const line of readLines(path)) return line;
  return '';
}

/** Without this a power cut could keep the bytes and lose the name. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
