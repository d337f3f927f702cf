import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PAGES } from '@portico/protocol/routes';
import { onStage, type Stage, typeCode } from '../browser/visitor.ts';
import { freePort, runPortico } from '../portico-process.ts';
import { sitePath } from './site-stage.ts';

/** The example site as operators run it: two processes of it, one address, a real Portico and a real browser. */

const SITE = fileURLToPath(new URL('../../../examples/client-site/src/main.ts', import.meta.url));

async function startProcess(t: TestContext, stage: Stage, secret: string, base: string, port: number): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ISSUER: stage.app, CLIENT_ID: 'notes', CLIENT_SECRET: secret, BASE_URL: base, PORT: String(port) };
  const child = spawn(process.execPath, [SITE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  await once(child.stdout, 'data');
  return `http://127.0.0.1:${port}`;
}

onStage(
  'two processes of one site renew the same cookie at once, forty requests a round, and the browser stays signed in',
  async (stage, t) => {
    const [port, other] = [await freePort(), await freePort()];
    const base = `http://127.0.0.1:${port}`;
    const words = `client add --name Notes --id notes --kind web --confirmation auto --redirect-uri ${base}${sitePath('callback')} --json`;
    const settings = { PORTICO_DATA_DIR: stage.dataDir, PORTICO_ORIGIN: stage.app, PORTICO_PORT: String(stage.portico.port) };
    const added = await runPortico(words.split(' '), settings);
    assert.equal(added.code, 0, added.stderr);
    const { client_secret: secret } = JSON.parse(added.stdout) as { client_secret: string };
    const bases = await Promise.all([port, other].map((at) => startProcess(t, stage, secret, base, at)));

    const visitor = await stage.visitor();
    await visitor.signUp('ada@example.com');
    await typeCode(stage, visitor, 'ada@example.com');
    const { page, context } = visitor;
    await page.goto(`${base}${sitePath('signIn')}?returnTo=/notes`);
    assert.equal(page.url(), `${base}/notes`);
    const ofSite = async (name: string) => (await context.cookies(base)).find((one) => one.name === `notes_${name}`)?.value ?? '';

    for (let round = 0; round < 5; round += 1) {
      // The access token has ended: what is left in the jar is the rest.
      const cookie = `notes_rt=${await ofSite('rt')}; notes_who=${await ofSite('who')}`;
      await context.clearCookies({ name: 'notes_at' });
      const asked = Array.from({ length: 40 }, (_, n) => fetch(`${bases[n % 2]}/notes`, { headers: { cookie } }));
      const own = page.goto(`${base}/notes`);
      const answers = await Promise.all(asked);
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      const held = answers.map((answer) => /notes_rt=([^;]+)/.exec(answer.headers.getSetCookie().join())?.[1]);
      assert.equal((await own)?.status(), 200);
      assert.deepEqual(new Set(held), new Set([await ofSite('rt')]), 'one successor, in the browser too');
    }
    await page.goto(stage.app + PAGES.dashboard);
    assert.equal(new URL(page.url()).pathname, PAGES.dashboard, 'and Portico took nobody for a thief');
  },
);
