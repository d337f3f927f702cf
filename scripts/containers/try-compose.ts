import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { SYSTEM } from '@portico/protocol/routes';
import { freePort } from '../../server/test/portico-process.ts';
import { startSmtpCatcher } from '../../server/test/smtp-catcher.ts';
import { type Engine, RUN_FLAGS } from './engine.ts';
import { newPerson } from './person.ts';
import { must, seconds, until } from './shell.ts';
import type { Say } from './try.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SUBNET = '172.31.250';
const NODES = [`http://${SUBNET}.11:4000`, `http://${SUBNET}.12:4000`] as const;
/** A sign-out at one node is known at the other within this, in milliseconds. */
const HEARD_WITHIN = 1000;

/** What `portico init --docker` writes, brought up as docs/containers.md tells: two nodes, PostgreSQL, Valkey, a proxy. */
export async function tryCompose(engine: Engine, image: string, say: Say): Promise<void> {
  const mails = await startSmtpCatcher();
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const folder = join(engine.root, 'auth');
  await must(process.execPath, [join(ROOT, 'server', 'bin', 'portico.js'), 'init', '--docker', folder, '--origin', origin]);
  const relay = await openRelay(mails.port);
  writeFileSync(join(folder, 'secrets', 'smtp_url'), `smtp://${SUBNET}.1:${relay.port}?tls=none\n`);
  // Beside compose.yaml docker-compose reads this one by itself. Only what this machine asks for: see RUN_FLAGS.
  const limits = 'ulimits: { nofile: 10000, nproc: 4096 }';
  const services = ['portico-1', 'portico-2', 'proxy', 'postgres', 'valkey'];
  writeFileSync(join(folder, 'compose.override.yaml'), `services:\n${services.map((name) => `  ${name}: { ${limits} }\n`).join('')}`);
  const compose = (...args: readonly string[]) => engine.compose(folder, ...args);
  const idOf = async (service: string) => (await compose('ps', '--quiet', service)).trim();
  try {
    await tryProxySettings(engine, folder, say);
    await compose('config', '--quiet');
    say('docker-compose config', 'valid');
    const began = performance.now();
    await compose('up', '--detach', '--no-build');
    for (const name of ['postgres', 'valkey', 'portico-1', 'portico-2']) {
      assert.equal((await engine.podman('inspect', '--format', '{{.State.Health.Status}}', await idOf(name))).trim(), 'healthy', name);
    }
    await until(`${origin}${SYSTEM.ready}`, 60_000, async () => (await fetch(origin + SYSTEM.ready)).ok);
    say('docker-compose up, from nothing to ready behind the proxy', seconds(began));
    assert.equal(
      (await engine.podman('inspect', '--format', '{{.ImageName}}', await idOf('portico-1'))).trim().split('/').at(-1),
      image.split('/').at(-1),
    );

    await tryNetworks(engine, idOf, { folder, origin }, say);
    const ada = newPerson(origin, 'ada@example.com');
    await ada.signUp(mails);
    await ada.signOut();
    await ada.signIn();
    assert.equal(await ada.refresh(), 'rotated');
    say('through the proxy: signed up by a mailed code, signed out, signed in, refreshed', 'yes');

    const times: number[] = [];
    for (let round = 0; round < 10; round++) {
      await ada.signIn();
      const [there, here] = round % 2 === 0 ? NODES : [NODES[1], NODES[0]];
      const thief = newPerson(origin, 'copy of ada');
      for (const [name, value] of ada.cookies) (thief.cookies as Map<string, string>).set(name, value);
      assert.equal((await thief.call('me', undefined, here)).status, 200);
      await ada.signOut(there);
      const signedOut = performance.now();
      await until('the other node heard of the sign-out', 10_000, async () => (await thief.call('me', undefined, here)).status === 401);
      times.push(performance.now() - signedOut);
    }
    assert.ok(Math.max(...times) < HEARD_WITHIN, String(times));
    say('a sign-out at one node, heard at the other (10 times)', `${Math.round(Math.max(...times))} ms at most, asked every 50 ms`);

    await tryKill(engine, idOf, origin, say);
    assert.equal((await ada.call('me')).status, 401);
    await ada.signIn();
    const logs = await compose('logs', '--no-color');
    for (const name of ['master_key', 'database_password', 'valkey_conf', 'metrics_token']) {
      const text = await must('cat', [join(folder, 'secrets', name)]);
      for (const secret of text.match(/[\w-]{43}/g) ?? []) assert.ok(!logs.includes(secret), `${name} stands in a log`);
    }
    say('secrets in the logs of five containers', '0');
  } catch (cause) {
    const last = await compose('logs', '--no-color', '--tail', '15').catch(() => '');
    throw new Error(`${(cause as Error).message}\n${last}`, { cause });
  } finally {
    await compose('down', '--volumes', '--timeout', '12').catch(() => '');
    relay.server.close();
    await mails.close();
  }
}

/** nginx reads both of its configurations, and https answers with the certificate of secrets/tls. */
async function tryProxySettings(engine: Engine, folder: string, say: Say): Promise<void> {
  const tls = join(folder, 'secrets', 'tls');
  mkdirSync(tls, { recursive: true });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(tls, 'privkey.pem')];
  await must('openssl', ['req', '-x509', ...key, '-out', join(tls, 'fullchain.pem'), '-days', '2', '-subj', '/CN=localhost']);
  await must('chown', ['-R', '1000:1000', tls]);
  for (const kind of ['http', 'https']) {
    const proxy = join(folder, 'deploy', 'proxy');
    const volumes = [
      `${proxy}/nginx.conf:/etc/nginx/portico.conf:ro`,
      `${proxy}/${kind}.conf:/etc/nginx/listen.conf:ro`,
      `${tls}:/etc/nginx/tls:ro`,
    ];
    const confined =
      '--read-only --tmpfs /tmp --cap-drop all --user 1000:1000 --add-host portico-1:127.0.0.1 --add-host portico-2:127.0.0.1'.split(' ');
    const mounted = volumes.flatMap((volume) => ['--volume', volume]);
    const check = 'nginx -e stderr -c /etc/nginx/portico.conf -t'.split(' ');
    const said = await engine.tryPodman('run', '--rm', ...RUN_FLAGS, ...confined, ...mounted, 'nginx:1.28', ...check);
    assert.equal(said.code, 0, said.text);
  }
  say('nginx -t as uid 1000 with http.conf and https.conf', 'good');
}

async function tryNetworks(
  engine: Engine,
  idOf: (service: string) => Promise<string>,
  { folder, origin }: { readonly folder: string; readonly origin: string },
  say: Say,
): Promise<void> {
  const ports = await Promise.all(
    ['portico-1', 'portico-2', 'postgres', 'valkey'].map(async (name) => engine.podman('port', await idOf(name))),
  );
  assert.deepEqual(
    ports.map((text) => text.trim()),
    ['', '', '', ''],
  );
  const proxy = await idOf('proxy');
  for (const name of ['postgres', 'valkey']) {
    const seen = await engine.tryPodman('exec', proxy, 'getent', 'hosts', name);
    assert.notEqual(seen.code, 0, `the proxy finds ${name}: ${seen.text}`);
  }
  assert.equal((await engine.tryPodman('exec', proxy, 'getent', 'hosts', 'portico-1')).code, 0);
  const storage = (await engine.podman('network', 'inspect', 'portico-try_storage', '--format', '{{.Internal}}')).trim();
  assert.equal(storage, 'true');
  const ask = ['psql', '--username=postgres', '--tuples-only', '--no-align', '--command'];
  const rights = "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = 'portico'";
  assert.equal((await engine.podman('exec', await idOf('postgres'), ...ask, rights)).trim(), 'f|f|f|f|f');
  const open = "select count(*) from pg_authid where rolname = 'postgres' and rolpassword is not null";
  assert.equal((await engine.podman('exec', await idOf('postgres'), ...ask, open)).trim(), '0');
  say('the role of the nodes', 'no superuser, makes no databases and no roles; the superuser has no password');
  const token = (await must('cat', [join(folder, 'secrets', 'metrics_token')])).trim();
  const statuses = [
    (await fetch(NODES[0] + SYSTEM.metrics, { headers: { authorization: `Bearer ${token}` } })).status,
    (await fetch(NODES[0] + SYSTEM.metrics)).status,
    (await fetch(origin + SYSTEM.metrics, { headers: { authorization: `Bearer ${token}` } })).status,
  ];
  assert.deepEqual(statuses, [200, 401, 404]);
  say('/metrics of a node with its token, without it, through the proxy', statuses.join(', '));
  say('published: the proxy alone; database and cache found from the proxy', 'no');
}

/** `kill -9` of one node, asked all the time through the proxy; then it comes back. */
async function tryKill(engine: Engine, idOf: (service: string) => Promise<string>, origin: string, say: Say): Promise<void> {
  const person = newPerson(origin, 'ada@example.com');
  await person.signIn();
  const victim = await idOf('portico-1');
  let asked = 0;
  const failed: string[] = [];
  const ask = async () => {
    const answer = await person.call('me').catch((error: unknown) => ({ status: String(error) }));
    asked += 1;
    if (answer.status !== 200) failed.push(String(answer.status));
  };
  for (let count = 0; count < 50; count++) await ask();
  const killed = engine.podman('kill', '--signal', 'KILL', victim);
  for (let count = 0; count < 300; count++) await ask();
  await killed;
  assert.deepEqual(failed, []);
  assert.equal(await person.refresh(), 'rotated');
  say('kill -9 of portico-1', `${asked} requests through the proxy, ${failed.length} failed; a refresh rotates`);
  await engine.podman('start', victim);
  await until('portico-1 is back', 60_000, async () => (await fetch(NODES[0] + SYSTEM.ready)).ok);
  await person.signOut();
}

/** The catcher of letters listens on this machine alone; containers come from outside. */
async function openRelay(target: number): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    inner.pipe(outer).pipe(inner);
    for (const [one, other] of [[inner, outer] as const, [outer, inner] as const]) one.on('error', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return { server, port: address.port };
}
