import assert from 'node:assert/strict';
import { SYSTEM } from '@portico/protocol/routes';
import { freePort } from '../../server/test/portico-process.ts';
import { startSmtpCatcher } from '../../server/test/smtp-catcher.ts';
import { type Engine, RUN_FLAGS } from './engine.ts';
import { newPerson } from './person.ts';
import { until } from './shell.ts';
import type { Say } from './try.ts';

const NAME = 'portico-alone';

/** The image as docs/containers.md runs it: alone, on SQLite, with a read-only root, without a capability, as uid 1000. */
export async function tryImage(engine: Engine, image: string, base: string, say: Say): Promise<void> {
  await lookInside(engine, image, base, say);
  const mails = await startSmtpCatcher();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  // The check is what counts, wherever the address of localhost is looked for first.
  const at = `http://127.0.0.1:${port}`;
  const flags = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--volume', 'portico-alone:/data'];
  const settings = {
    PORTICO_ORIGIN: origin,
    PORTICO_PORT: String(port),
    PORTICO_HOST: '127.0.0.1',
    PORTICO_SMTP_URL: `smtp://127.0.0.1:${mails.port}`,
  };
  const env = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const ready = () => until(`${at}${SYSTEM.ready}`, 60_000, async () => (await fetch(at + SYSTEM.ready)).ok);
  try {
    // Without the copy of the image that podman makes where the file system can share nothing.
    await engine.podman('create', '--name', NAME, ...RUN_FLAGS, ...flags, ...env, image);
    const began = performance.now();
    await engine.podman('start', NAME);
    await ready();
    say('cold start of the image on an empty volume', `${Math.round(performance.now() - began)} ms from podman start to ready`);
    say('of which the program itself', `${await ownStart(engine)} ms`);

    const ada = newPerson(origin, 'ada@example.com');
    await ada.signUp(mails);
    await ada.signOut();
    assert.equal((await ada.call('me')).status, 401);
    await ada.signIn();
    assert.equal((await ada.call('me')).status, 200);
    say('signed up by a mailed code, signed out, signed in', 'yes');

    const healthy = await engine.tryPodman('exec', NAME, 'node', '/portico/server/bin/portico.js', 'health');
    assert.deepEqual([healthy.code, healthy.text], [0, 'alive\n']);
    const sick = await engine.tryPodman('exec', '--env', 'PORTICO_PORT=1', NAME, 'node', '/portico/server/bin/portico.js', 'health');
    assert.equal(sick.code, 1, sick.text);
    say('health check', 'exit 0; exit 1 where nobody listens');

    const ids = await engine.podman('exec', NAME, 'sh', '-c', 'cat /proc/1/status | grep -E "^(Uid|Gid|CapEff|CapBnd|NoNewPrivs)"');
    assert.match(ids, /Uid:\s+1000\s+1000[\s\S]*Gid:\s+1000\s+1000[\s\S]*CapEff:\s+0+\n[\s\S]*CapBnd:\s+0+\n[\s\S]*NoNewPrivs:\s+1/);
    const written = await engine.tryPodman('exec', NAME, 'sh', '-c', 'touch /portico/x /etc/x /usr/x 2>&1; ls -ln /data');
    assert.equal(written.text.match(/Read-only file system/g)?.length, 3, written.text);
    assert.match(written.text, /-rw------- 1 1000 1000 .* master\.key/);
    const changed = (await engine.podman('diff', NAME))
      .split('\n')
      .filter((line) => line !== '' && !/^[AC] \/(data|dev|etc|proc|run|sys|tmp|var)\b/.test(line));
    assert.deepEqual(changed, []);
    say('uid 1000, no capability, root read-only, changes outside the volume', '0');

    const stopping = performance.now();
    await engine.podman('stop', '--time', '15', NAME);
    const took = performance.now() - stopping;
    const code = (await engine.podman('inspect', '--format', '{{.State.ExitCode}}', NAME)).trim();
    assert.deepEqual([code, took < 10_000], ['0', true], `exit ${code} after ${took} ms`);
    say('SIGTERM', `exit 0 after ${Math.round(took)} ms`);

    await engine.podman('start', NAME);
    await ready();
    assert.equal((await ada.call('me')).status, 200);
    assert.equal(await ada.refresh(), 'rotated');
    say('after the restart', 'still signed in');
  } finally {
    await engine.tryPodman('rm', '--force', '--volumes', '--time', '1', NAME);
    await engine.tryPodman('volume', 'rm', '--force', 'portico-alone');
    await mails.close();
  }
}

async function lookInside(engine: Engine, image: string, base: string, say: Say): Promise<void> {
  const sizeOf = async (name: string) => Number((await engine.podman('image', 'inspect', '--format', '{{.Size}}', name)).trim()) / 1e6;
  const [whole, below] = [await sizeOf(image), await sizeOf(base)];
  say(
    'image',
    `${Math.round(whole)} MB, of which ${Math.round(whole - below)} MB lie above its base (here Debian's packages; the official one differs)`,
  );
  const look = `
    const { globSync, existsSync, readFileSync } = require('node:fs');
    const packages = globSync(['node_modules/*/package.json', 'node_modules/@*/*/package.json', 'node_modules/**/node_modules/*/package.json']);
    const scripts = packages.filter((file) => { const { scripts = {} } = JSON.parse(readFileSync(file)); return ['preinstall', 'install', 'postinstall'].some((name) => scripts[name]); });
    const tools = ['npm', 'npx', 'corepack', 'yarn', 'gcc', 'cc', 'make', 'python3', 'curl', 'wget', 'git'];
    const found = tools.filter((tool) => process.env.PATH.split(':').some((folder) => existsSync(folder + '/' + tool)));
    const dev = ['node', 'vite', 'svelte', 'typescript', 'playwright-core'].filter((name) => existsSync('node_modules/' + name));
    const tests = globSync('**/*.test.ts', { exclude: (name) => name === 'node_modules' });
    console.log(JSON.stringify({ packages: packages.length, scripts, found, dev, tests }));`;
  const { packages, ...unwanted } = JSON.parse(
    await engine.podman('run', '--rm', ...RUN_FLAGS, '--read-only', '--entrypoint', 'node', image, '-e', look),
  ) as { packages: number };
  assert.deepEqual(unwanted, { scripts: [], found: [], dev: [], tests: [] });
  say('packages in the image', `${packages}; with install scripts, of development, tests, npm, compilers, curl: 0`);
}

async function ownStart(engine: Engine): Promise<number> {
  const lines = (await engine.podman('logs', NAME)).split('\n').filter((line) => line.startsWith('{'));
  const ready = lines
    .map((line) => JSON.parse(line) as { msg?: string; milliseconds?: number })
    .find(({ msg }) => msg === 'portico is ready');
  return ready?.milliseconds ?? Number.NaN;
}
