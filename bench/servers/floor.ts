/**
 * The floor: what every durable refresh must cost in Node. Bare Fastify, one hash, one `update … returning` that is on the disk before
 * the answer leaves, one ES256 signature. It knows no devices, no retries, no theft and no roles: nothing that signs people in can be cheaper.
 */
import { hash, randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { makeSigner } from './access-token.ts';
import { openFamiliesOnPostgres } from './families-postgres.ts';
import { openFamiliesOnSqlite } from './families-sqlite.ts';
import { serveDriver } from './serve-driver.ts';

const SECRET_BYTES = 20;
const MONTH_MS = 30 * 24 * 3600 * 1000;
const [kind, place = ''] = process.argv.slice(2);

const families = await (kind === 'postgres' ? openFamiliesOnPostgres(place) : openFamiliesOnSqlite(place));
const signAccessToken = makeSigner('http://127.0.0.1');
const app = Fastify();
app.post('/refresh', async (request, reply) => {
  const [id, secret] = readToken(request.headers.cookie);
  const next = randomBytes(SECRET_BYTES).toString('base64url');
  const userId = await families.rotate(id, digest(secret), digest(next), Date.now());
  if (userId === null) return reply.code(400).send({ error: 'refresh_invalid' });
  reply.header('set-cookie', `rt=${id}.${next}; Path=/refresh; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax`);
  reply.header('cache-control', 'no-store');
  return { accessToken: signAccessToken(userId, id), expiresIn: 300 };
});
const address = await app.listen({ port: 0, host: '127.0.0.1' });

serveDriver({
  port: Number(new URL(address).port),
  durability: families.durability,
  async prepare(count) {
    const made = Array.from({ length: count }, () => ({ id: randomText(16), userId: randomText(16), secret: randomText(SECRET_BYTES) }));
    const rows = made.map(({ id, userId, secret }) => ({ id, userId, current: digest(secret) }));
    await families.insert(rows, Date.now() + MONTH_MS);
    return made.map(({ id, secret }) => `${id}.${secret}`);
  },
});

function readToken(cookie: string | undefined): readonly [string, string] {
  const [id = '', secret = ''] = (cookie ?? '').slice('rt='.length).split('.');
  return [id, secret];
}

function digest(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
