import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRunningPortico } from '../outside/servers/running-portico.ts';
import { newFolder } from './players.ts';

/** What docs/games.md tells people to type, typed. */

const SCRIPT = fileURLToPath(new URL('../../../games/walkthrough.sh', import.meta.url));
const PAGE = readFileSync(new URL('../../../docs/games.md', import.meta.url), 'utf8');

test('the blocks of docs/games.md are the walkthrough, in its order and whole', () => {
  const section = PAGE.split('## By hand, with curl')[1] ?? '';
  const blocks = [...section.matchAll(/```sh\n([\s\S]+?)\n```/g)].map(([, block]) => block);
  const [, typed] = readFileSync(SCRIPT, 'utf8').split('set -eu\n\n');
  assert.equal(`${blocks.join('\n\n')}\n`, typed);
});

test('typed by hand: a code, a yes, a refresh whose answer is lost, a seat at the game server, and a sign-out', async (t) => {
  const portico = await startRunningPortico();
  t.after(() => portico.close());
  const game = await portico.add({ id: 'space-snake', kind: 'native', redirectUris: ['http://127.0.0.1/callback'] });
  const server = await portico.add({ id: 'snake-server', kind: 'machine', audiences: [game.id] });
  const cwd = await newFolder((clean) => t.after(clean));
  const env = { PATH: process.env['PATH'] ?? '', ISSUER: portico.issuer, GAME: game.id, SERVER: server.id, SERVER_SECRET: server.secret };
  const shell = spawn('sh', [SCRIPT], { cwd, env });
  t.after(() => shell.kill());
  let [printed, wrong] = ['', ''];
  shell.stderr.on('data', (text: Buffer) => (wrong += text.toString()));
  const address = await new Promise<string>((resolve, reject) => {
    shell.on('close', () => reject(new Error(printed + wrong)));
    shell.stdout.on('data', (text: Buffer) => {
      printed += text.toString();
      const found = /^Open (\S+)\n.*shows [A-Z]{4}-[A-Z]{4}$/m.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  await portico.person().open(address);
  const [code] = (await once(shell, 'close')) as [number];
  assert.equal(code, 0, printed + wrong);
  const [userinfo = '', seat = '', last] = printed.trim().split('\n').slice(2);
  const { sub, name } = JSON.parse(userinfo) as { readonly sub: string; readonly name: string };
  assert.equal(name, 'Ada');
  assert.equal((JSON.parse(seat) as { readonly user: { readonly id: string } }).user.id, sub);
  assert.equal(last, 'signed out');
  const sessions = await portico.db.all(`select state from sessions where kind = 'device'`);
  assert.deepEqual(
    sessions.map(({ state }) => state),
    ['revoked'],
  );
});
