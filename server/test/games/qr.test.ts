import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsqr from 'jsqr';
import { encode } from 'uqr';
import { csharp, type Engine, godot, newFolder, startPlayer } from './players.ts';

/** QR codes that the game files draw, as a phone sees them, and beside those of another encoder. */

const ADDRESS = 'https://auth.example.com/device?user_code=BCDF-GHJK';
/** The first and the last length of each version, and letters of more than one byte. */
const TEXTS = [1, 17, 18, 32, 33, 53, 54, 78, 79, 106, 107, 134].map((length) =>
  `${ADDRESS}${'/x-y_z0123456789'.repeat(6)}`.slice(0, length),
);

/** What a camera sees: three pixels a module, with a light border. */
function pictureOf(rows: readonly string[]): { readonly pixels: Uint8ClampedArray; readonly width: number } {
  const width = (rows.length + 8) * 3;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y += 1)
    for (let x = 0; x < width; x += 1)
      if (rows[Math.floor(y / 3) - 4]?.[Math.floor(x / 3) - 4] === '#') pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
  return { pixels, width };
}

/** Which of the eight masks it was drawn with: bits 0 to 2 of the format, beside the upper left corner (ISO/IEC 18004 7.9). */
function maskOf(rows: readonly string[]): number {
  const bits = [0, 1, 2].map((at) => (rows[8]?.[4 - at] === '#' ? 1 : 0));
  return ((bits[0] ?? 0) | ((bits[1] ?? 0) << 1) | ((bits[2] ?? 0) << 2)) ^ 0b101;
}

async function drawing(engine: Engine, draw: (order: string) => Promise<unknown>): Promise<void> {
  for (const text of TEXTS) {
    const rows = String(await draw(`qr ${text}`)).split('/');
    const { pixels, width } = pictureOf(rows);
    assert.equal(jsqr.default(pixels, width, width)?.data, text, `${engine.name}, ${text.length} letters`);
    const other = encode(text, { ecc: 'L', boostEcc: false, border: 0, maskPattern: maskOf(rows) });
    assert.deepEqual(
      rows,
      other.data.map((row) => row.map((dark) => (dark ? '#' : '.')).join('')),
    );
  }
}

for (const engine of [csharp, godot]) {
  test(`${engine.name} draws codes of every size that a scanner reads, with the modules of another encoder`, {
    skip: engine.skip,
  }, async (t) => {
    const folder = await newFolder((clean) => t.after(clean));
    const player = await startPlayer(await engine.build(folder), 'http://127.0.0.1:9', 'snake', folder);
    t.after(() => player.kill());
    await drawing(engine, player.do);
    const tooLong = await player.do(`qr ${'x'.repeat(135)}`).catch((error: Error) => error.message);
    assert.match(String(tooLong), /^$|too long/);
    if (engine !== godot) return;
    const picture = new Uint8Array(Buffer.from(String(await player.do(`picture ${ADDRESS}`)), 'base64'));
    const width = Math.sqrt(picture.length);
    const pixels = Uint8ClampedArray.from({ length: picture.length * 4 }, (_, at) =>
      at % 4 === 3 ? 255 : (picture[Math.floor(at / 4)] ?? 0),
    );
    assert.equal(jsqr.default(pixels, width, width)?.data, ADDRESS);
  });
}
