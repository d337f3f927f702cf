/** better-auth as an OAuth provider with one public client and JWT access tokens, on SQLite or PostgreSQL. */
import { hash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';
import { durabilityOf as durabilityOfSqlite, openDurable } from '../servers/durable-sqlite.ts';
import { durabilityOf as durabilityOfPostgres, openPool } from '../servers/families-postgres.ts';
import { serveDriver } from '../servers/serve-driver.ts';

const RESOURCE = 'http://127.0.0.1/api';
const MONTH_MS = 30 * 24 * 3600 * 1000;
const [kind, place = ''] = process.argv.slice(2);

const { database, durability } = await openDatabase();
const options = {
  database,
  baseURL: 'http://127.0.0.1',
  secret: randomBytes(32).toString('base64url'),
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  logger: { level: 'error' as const },
  disabledPaths: ['/token'],
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }),
    oauthProvider({
      loginPage: '/login',
      consentPage: '/consent',
      scopes: ['openid', 'profile', 'offline_access'],
      resources: [RESOURCE],
      accessTokenExpiresIn: 300,
      cachedTrustedClients: new Set(['bench']),
      cachedResources: new Set([RESOURCE]),
      rateLimit: { token: false },
    }),
  ],
};
await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);
const { adapter } = await auth.$context;
await registerClient();

const server = createServer(toNodeHandler(auth)).listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  serveDriver({ port: address.port, durability, prepare });
});

async function openDatabase() {
  if (kind === 'postgres') {
    const pool = openPool(place);
    return { database: pool, durability: await durabilityOfPostgres(pool) };
  }
  const db = openDurable(place);
  return { database: db, durability: durabilityOfSqlite(db) };
}

async function registerClient(): Promise<void> {
  const now = new Date();
  await adapter.create({
    model: 'oauthClient',
    data: {
      clientId: 'bench',
      name: 'bench',
      redirectUris: ['https://site.example/callback'],
      scopes: ['profile', 'offline_access'],
      tokenEndpointAuthMethod: 'none',
      grantTypes: ['authorization_code', 'refresh_token'],
      responseTypes: ['code'],
      createdAt: now,
      updatedAt: now,
    },
  });
  await adapter.create({ model: 'oauthClientResource', data: { clientId: 'bench', resourceId: RESOURCE, createdAt: now } });
}

/** The rows that its authorization code grant leaves behind; refresh tokens are stored as SHA-256 in base64url. */
async function prepare(count: number): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let made = 0; made < count; made++) tokens.push(await issueRefreshToken(made));
  return tokens;
}

async function issueRefreshToken(index: number): Promise<string> {
  const now = new Date();
  const expiresAt = new Date(now.getTime() + MONTH_MS);
  const user = await adapter.create<Record<string, unknown>, { id: string }>({
    model: 'user',
    data: { name: `Ada ${index}`, email: `ada${index}@site.example`, emailVerified: true, createdAt: now, updatedAt: now },
  });
  const session = await adapter.create<Record<string, unknown>, { id: string }>({
    model: 'session',
    data: { userId: user.id, token: randomBytes(24).toString('base64url'), expiresAt, createdAt: now, updatedAt: now },
  });
  const token = randomBytes(24).toString('base64url');
  await adapter.create({
    model: 'oauthRefreshToken',
    data: {
      token: hash('sha256', token, 'base64url'),
      clientId: 'bench',
      userId: user.id,
      sessionId: session.id,
      scopes: ['profile', 'offline_access'],
      resources: [RESOURCE],
      authTime: now,
      createdAt: now,
      expiresAt,
    },
  });
  return token;
}
