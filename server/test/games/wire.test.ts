import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAuthority } from '../browser/own-authority.ts';
import { startRunningPortico } from '../outside/servers/running-portico.ts';
import { compile, csharp, type Engine, godot, newFolder, startPlayer } from './players.ts';

/** Whom the game files talk to: nobody without a certificate, nobody under another name. */

const run = promisify(execFile);

/** Where each engine looks for certificates that its player's machine trusts. */
async function trust(engine: Engine, home: string, certificate: string): Promise<void> {
  if (engine === godot) return copyFile(certificate, join(home, 'game', 'trusted.pem'));
  const { stdout } = await run('openssl', ['x509', '-hash', '-noout', '-in', certificate]);
  const folder = join(home, '.config', '.mono', 'new-certs', 'Trust');
  await mkdir(folder, { recursive: true });
  return copyFile(certificate, join(folder, `${stdout.trim()}.0`));
}

async function asking(t: TestContext, engine: Engine): Promise<(issuer: string, trusted?: string) => Promise<string>> {
  const folder = await newFolder((clean) => t.after(clean));
  const command = await engine.build(folder);
  return async (issuer, trusted) => {
    if (trusted !== undefined) await trust(engine, folder, trusted);
    try {
      const player = await startPlayer(command, issuer, 'snake', join(folder, 'store'));
      const refusal = await player.refusal('device');
      await player.kill();
      return refusal;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}

for (const engine of [csharp, godot]) {
  const { name, skip } = engine;
  test(`${name}: a certificate of nobody's is refused, and so is another name for Portico, and http across the network`, {
    skip,
  }, async (t) => {
    const portico = await startRunningPortico();
    t.after(() => portico.close());
    const port = Number(new URL(portico.issuer).port);
    const authority = await createAuthority(t);
    const https = `https://localhost:${await authority.front(port)}`;
    const ask = await asking(t, engine);
    assert.equal(await ask(https), 'trouble unreachable');
    // Now the certificate is good, and who shows it calls itself otherwise.
    assert.equal(await ask(https, authority.file), 'trouble bad_answer');
    assert.equal(await ask(`http://localhost:${port}`), 'trouble bad_answer');
    for (const elsewhere of [
      'http://auth.example.com',
      'http://127.0.0.1:80@auth.example.com',
      'http://localhost.example.com',
      'ftp://127.0.0.1',
    ])
      assert.match(await ask(elsewhere), /^unsafe/, elsewhere);
  });
}

test('the part of Portico.cs that is for Unity compiles against stand-ins of what it names', { skip: csharp.skip }, async (t) => {
  const folder = await newFolder((clean) => t.after(clean));
  const library = join(folder, 'Unity.dll');
  await compile('-target:library', '-define:UNITY_5_3_OR_NEWER', fileURLToPath(new URL('Unity.cs', import.meta.url)), `-out:${library}`);
  assert.match(await readFile(library, 'latin1'), /PorticoUnity/);
});
