import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUTH_PATHS, AUTH_PREFIX, OAUTH, PAGES } from '@portico/protocol/routes';
import type { Db, Dialect } from '../../../src/platform/db.ts';
import { freshDatabase } from '../../databases.ts';
import { freePort, runPortico, startPortico } from '../../portico-process.ts';
import { newPerson } from '../person.ts';
import type { AuthServer, ClientWish } from './auth-server.ts';

const EMAIL = 'ada@example.com';
const PASSWORD = 'correct horse battery staple';

type Settings = Readonly<Record<string, string>>;

export interface RunningOptions {
  readonly dialect?: Dialect;
  /** Where it is known to be, when something stands in front of it. */
  readonly issuer?: string;
  readonly port?: number;
}

export interface RunningPortico extends AuthServer {
  readonly db: Db;
}

/** Portico as an operator starts it, in a process of its own. */
export async function startRunningPortico({
  dialect = 'sqlite',
  issuer: front,
  port: given,
}: RunningOptions = {}): Promise<RunningPortico> {
  const fresh = await freshDatabase(dialect);
  const port = given ?? (await freePort());
  const issuer = front ?? `http://127.0.0.1:${port}`;
  const settings: Settings = {
    NODE_ENV: 'development',
    PORTICO_PORT: String(port),
    PORTICO_HOST: '127.0.0.1',
    PORTICO_ORIGIN: issuer,
    PORTICO_DATABASE_URL: fresh.where.databaseUrl,
    PORTICO_DATA_DIR: fresh.where.dataDir,
    PORTICO_MASTER_KEY: randomBytes(32).toString('base64url'),
  };
  const portico = await startPortico(settings);
  await signUp(issuer);
  return {
    db: fresh.db,
    name: `Portico on ${dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`,
    issuer,
    scope: 'openid profile email offline_access',
    signOutAddress: issuer + OAUTH.logout,
    add: async (wish) => ({ id: wish.id, secret: await register(settings, wish), wish }),
    person: () => newPerson(EMAIL, PASSWORD),
    expireCodes: async () => {
      await fresh.db.all('update authorization_codes set expires_at = 1');
      await fresh.db.all('update device_codes set expires_at = 1');
    },
    close: async () => {
      await portico.end();
      await fresh.drop();
    },
  };
}

/** Through the front door: an address, a password, and the code that is mailed. */
async function signUp(issuer: string): Promise<void> {
  const person = newPerson(EMAIL, PASSWORD);
  const post = (path: string, body: object) =>
    person.ask(issuer + AUTH_PREFIX + path, {
      method: 'POST',
      headers: new Headers({ 'sec-fetch-site': 'same-origin', origin: issuer }),
      json: body,
    });
  await post(AUTH_PATHS.signUp, { email: EMAIL, password: PASSWORD, displayName: 'Ada' });
  const inbox = await fetch(issuer + PAGES.devMail, { headers: { accept: 'application/json' } });
  const [letter] = (await inbox.json()) as { text: string }[];
  const verified = await post(AUTH_PATHS.verifySignIn, { securityCode: /\b\d{8}\b/.exec(letter?.text ?? '')?.[0] });
  if (verified.status !== 200) throw new Error(`nobody could be signed up: ${await verified.text()}`);
}

/** On the command line, while the server runs, as an operator does it. */
async function register(settings: Settings, wish: ClientWish): Promise<string> {
  const given = (option: string, values: readonly (string | undefined)[] = []) =>
    values.flatMap((value) => (value === undefined ? [] : [`--${option}`, value]));
  const args = [
    ...given('id', [wish.id]),
    ...given('name', [wish.id]),
    ...given('kind', [wish.kind]),
    ...given('redirect-uri', wish.redirectUris),
    ...given('post-logout-uri', wish.postLogoutUris),
    ...given('backchannel-logout-uri', [wish.backchannelLogoutUri]),
    ...given('origin', [wish.origin]),
    ...given('scope', wish.scopes),
    ...given('audience', wish.audiences),
    ...given('confirmation', [wish.isTrusted === true ? 'auto' : undefined]),
  ];
  const folder = await mkdtemp(join(tmpdir(), 'portico-keys-'));
  try {
    const jwks = join(folder, 'jwks.json');
    if (wish.jwks !== undefined) {
      await writeFile(jwks, JSON.stringify(wish.jwks));
      args.push('--authentication', 'private_key_jwt', '--jwks', jwks);
    }
    const { code, stdout, stderr } = await runPortico(['client', 'add', '--json', ...args], settings);
    if (code !== 0) throw new Error(`portico client add ${args.join(' ')}: ${stderr}`);
    return (JSON.parse(stdout) as { client_secret: string | null }).client_secret ?? '';
  } finally {
    await rm(folder, { recursive: true });
  }
}
