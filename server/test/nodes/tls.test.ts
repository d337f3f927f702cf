import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setDefaultCACertificates } from 'node:tls';
import { silentLog } from '../../src/platform/log.ts';
import { openPostgres } from '../../src/platform/postgres.ts';
import { openRedis } from '../../src/platform/redis.ts';
import { createAuthority } from '../browser/own-authority.ts';
import { skippedWithoutPostgres } from '../databases.ts';
import { startRedis } from '../redis.ts';

/** The ways to PostgreSQL and to Redis over TLS: whoever stands in between gets no password, by a certificate of nobody's or by saying that there is no TLS. */

/** https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const TLS_HANDSHAKE = 0x16;

interface Door {
  readonly port: number;
  /** What came after the question for TLS, as it went over the wire. */
  readonly heard: () => Buffer;
}

/** Answers the question for TLS as a PostgreSQL does, and hands what follows to `behind`; null: it has no TLS, and listens on. */
async function openDoor(t: TestContext, host: string, behind: number | null): Promise<Door> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    sockets.add(caller.on('error', () => undefined));
    caller.once('data', (asked: Buffer) => {
      assert.deepEqual(asked, SSL_REQUEST);
      caller.on('data', (chunk: Buffer) => chunks.push(chunk));
      caller.write(behind === null ? 'N' : 'S');
      if (behind === null) return;
      const way = connect(behind, '127.0.0.1').on('error', () => caller.destroy());
      sockets.add(way);
      caller.pipe(way).pipe(caller);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address !== 'string');
  return { port: address.port, heard: () => Buffer.concat(chunks) };
}

test('PostgreSQL with sslmode=verify-full: the server proves who it is, or is not spoken to', async (t) => {
  if (await skippedWithoutPostgres(t)) return;
  const authority = await createAuthority(t);
  const given = new URL(process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres');
  const secure = await authority.front(Number(given.port === '' ? 5432 : given.port));
  const ask = async (door: Door, host: string) => {
    const db = openPostgres(`postgres://postgres:not-for-others@${host}:${door.port}${given.pathname}?sslmode=verify-full`);
    try {
      return await db.all('select 1 as answer');
    } finally {
      await db.close();
    }
  };

  const good = await openDoor(t, '127.0.0.1', secure);
  assert.deepEqual(await ask(good, 'localhost'), [{ answer: 1 }]);
  assert.equal(good.heard()[0], TLS_HANDSHAKE);
  assert.ok(!good.heard().includes('select 1'), 'it went over in the clear');

  const refused = { code: 'unavailable' };
  const plain = await openDoor(t, '127.0.0.1', null);
  await assert.rejects(ask(plain, 'localhost'), refused);
  assert.equal(plain.heard().length, 0, 'a server without TLS is told nothing, the name of the user neither');

  const otherName = await openDoor(t, '127.0.0.2', secure);
  await assert.rejects(ask(otherName, '127.0.0.2'), refused);

  setDefaultCACertificates([]);
  const stranger = await openDoor(t, '127.0.0.1', secure);
  await assert.rejects(ask(stranger, 'localhost'), refused);
  for (const door of [otherName, stranger]) assert.ok(!door.heard().includes('not-for-others'));
});

test('Redis by rediss://: the server proves who it is, or is not spoken to', async (t) => {
  const server = await startRedis(t);
  if (server === null) return;
  const authority = await createAuthority(t);
  const port = await authority.front(Number(new URL(server.url).port));
  const ping = async (host: string) => {
    const redis = await openRedis(`rediss://${host}:${port}`, silentLog);
    try {
      await redis.ping();
    } finally {
      redis.close();
    }
  };
  await ping('localhost');
  setDefaultCACertificates([]);
  await assert.rejects(ping('localhost'));
});
