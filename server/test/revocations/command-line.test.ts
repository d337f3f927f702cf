import assert from 'node:assert/strict';
import { OAUTH } from '@portico/protocol/routes';
import { forEachFreshDatabase } from '../databases.ts';
import { runPortico } from '../portico-process.ts';
import { inHouse } from '../races/house.ts';
import { freePort, startServer } from '../races/server-process.ts';
import { asked, signInAt, untilAnswered, verifierOf } from './verifiers.ts';

forEachFreshDatabase(
  'a client that the command line removes is gone within a second for a running server and for its verifiers',
  async (fresh, t) => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const database = await fresh();
    await inHouse(
      database,
      async ({ world, masterKey }) => {
        const portico = async (...args: readonly string[]) => {
          const { code, stdout, stderr } = await runPortico([...args, '--json'], {
            NODE_ENV: 'test',
            PORTICO_ORIGIN: origin,
            PORTICO_DATA_DIR: database.where.dataDir,
            PORTICO_DATABASE_URL: database.where.databaseUrl,
            PORTICO_MASTER_KEY: masterKey.toString('base64url'),
          });
          assert.equal(code, 0, stderr);
          return JSON.parse(stdout) as { client_id: string; client_secret: string };
        };
        const redirectUri = 'http://127.0.0.1:5001/callback';
        const made = await portico('client', 'add', '--name', 'Notes', '--kind', 'web', '--redirect-uri', redirectUri);
        const site = { id: made.client_id, secret: made.client_secret, redirectUri };
        const server = await startServer({ port, where: database.where, masterKey, origin });
        const verifier = verifierOf(world, `http://127.0.0.1:${port}`, site, { revocation: 'reject' });
        const userinfo = async (token: string) =>
          (await fetch(`http://127.0.0.1:${port}${OAUTH.userinfo}`, { headers: { authorization: `Bearer ${token}` } })).status;
        try {
          await verifier.ready;
          const { access } = await signInAt(world, await world.signedUp('ada@example.com'), site);
          assert.match(await asked(verifier, access), /^200 /);
          assert.equal(await userinfo(access), 200);
          const removed = portico('client', 'remove', site.id).then(() => performance.now());
          await untilAnswered('401 token_revoked', () => asked(verifier, access));
          const knownAt = performance.now();
          const late = Math.round(knownAt - (await removed));
          assert.equal(await userinfo(access), 401);
          t.diagnostic(`refused ${late} ms after the command had ended (it ends after its commit)`);
          assert.ok(late < 2000, `${late} ms`);
        } finally {
          verifier.close();
          await server.kill();
        }
      },
      { origin },
    );
  },
);
