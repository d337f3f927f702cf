import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { jwksOf, newSiteKey } from '../../test/clients/assertions.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../../test/databases.ts';
import { type Ended, runPortico } from '../../test/portico-process.ts';
import { HELP, parseCommand } from '../cli.ts';
import { SECRET_FORM } from '../clients/authenticate-client.ts';
import { isAuthenticationSecret } from '../clients/client-secret.ts';
import { tokenHash } from '../platform/crypto.ts';
import { CLIENT_OPTIONS } from './client-words.ts';

const WEB = ['client', 'add', '--name', 'Shop', '--kind', 'web', '--redirect-uri', 'https://shop.example.com/cb'];

test('bad usage of client is told so in one line that says what is missing', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['client'], /add, list, rotate-secret/],
    [['client', 'update'], /add, list, rotate-secret/],
    [['client', 'add'], /--name/],
    [['client', 'add', '--name', 'Shop'], /--kind/],
    [['client', 'add', '--name', 'Shop', '--kind', 'site'], /--kind is one of web/],
    [['client', 'add', 'shop', '--name', 'Shop', '--kind', 'web'], /unexpected "shop"/],
    [[...WEB, '--name', 'Other'], /--name came more than once/],
    [[...WEB, '--id-alg', 'HS256'], /--id-alg is one of ES256, EdDSA, RS256/],
    [[...WEB, '--access-alg', 'none'], /--access-alg is one of/],
    [[...WEB, '--authentication', 'password'], /--authentication is one of/],
    [[...WEB, '--pkce', 'off'], /--pkce is one of/],
    [[...WEB, '--confirmation', 'never'], /--confirmation is one of/],
    [[...WEB, '--reuse-ends', 'nothing'], /--reuse-ends is one of/],
    [[...WEB, '--access-life', 'long'], /--access-life must be a duration/],
    [[...WEB, '--idle-life', '30'], /--idle-life must be a duration/],
    [[...WEB, '--set', 'a'], /takes no --set/],
    [[...WEB, '--secret', 'hunter2'], /unknown option '--secret'/i],
    [['client', 'list', 'shop'], /unexpected/],
    [['client', 'list', '--name', 'x'], /takes no --name/],
    [['client', 'rotate-secret'], /needs the id of a client/],
    [['client', 'rotate-secret', ''], /needs the id of a client/],
    [['client', 'rotate-secret', 'a', 'b'], /unexpected "b"/],
    [['client', 'rotate-secret', 'a', '--overlap', 'soon'], /--overlap must be a duration/],
    [['client', 'rotate-secret', 'a', '--overlap', '-1'], /overlap/],
    [['client', 'rotate-secret', 'a', '--jwks', 'f', '--jwt'], /--jwks stands alone/],
    [['client', 'remove'], /needs the id of a client/],
    [['client', 'remove', 'a', '--overlap', '0'], /takes no --overlap/],
    [['client', 'disable'], /needs the id of a client/],
    [['client', 'enable'], /needs the id of a client/],
    [['client', 'roles', 'a'], /needs --user/],
    [['client', 'roles', 'a', '--user', 'ada'], /needs --user/],
    [['client', 'roles', '--user', 'ada@example.com'], /needs the id of a client/],
  ];
  for (const [argv, sentence] of wrong) {
    const parsed = parseCommand(argv);
    assert.equal(parsed.kind, 'bad-usage', argv.join(' '));
    assert.match(parsed.kind === 'bad-usage' ? parsed.problem : '', sentence, argv.join(' '));
    assert.doesNotMatch(parsed.kind === 'bad-usage' ? parsed.problem : '\n', /\n/);
  }
});

test('each client command is understood as what it says, and every option stands in the help', () => {
  const understood: readonly (readonly [readonly string[], object])[] = [
    [
      [...WEB, '--json'],
      {
        kind: 'client-add',
        wish: { name: 'Shop', kind: 'web', redirectUris: ['https://shop.example.com/cb'] },
        jwksFile: null,
        json: true,
      },
    ],
    [
      [
        ...WEB,
        '--redirect-uri',
        'https://b.example/',
        '--post-logout-uri',
        'https://c.example/',
        '--backchannel-logout-uri',
        'https://d.example/',
        '--logo-uri',
        'https://e.example/',
        '--origin',
        'https://f.example',
        '--scope',
        'openid,email',
        '--scope',
        'profile',
        '--role',
        'a,b',
        '--id',
        'shop',
        '--audience',
        'x,y',
        '--authentication',
        'private_key_jwt',
        '--jwks',
        'keys.json',
        '--pkce',
        'nonce',
        '--access-alg',
        'HS256',
        '--id-alg',
        'RS256',
        '--access-life',
        '2m',
        '--idle-life',
        '7d',
        '--confirmation',
        'auto',
        '--reuse-ends',
        'session',
      ],
      {
        kind: 'client-add',
        wish: {
          name: 'Shop',
          kind: 'web',
          id: 'shop',
          redirectUris: ['https://shop.example.com/cb', 'https://b.example/'],
          postLogoutUris: ['https://c.example/'],
          backchannelLogoutUri: 'https://d.example/',
          logoUri: 'https://e.example/',
          origins: ['https://f.example'],
          scopes: ['openid', 'email', 'profile'],
          roles: ['a', 'b'],
          audiences: ['x', 'y'],
          authentication: 'private_key_jwt',
          pkce: 'nonce',
          accessAlg: 'HS256',
          idAlg: 'RS256',
          accessLife: 120_000,
          idleLife: 7 * 86_400_000,
          confirmation: 'auto',
          reuseEnds: 'session',
        },
        jwksFile: 'keys.json',
        json: false,
      },
    ],
    [['client', 'list', '--json'], { kind: 'client-list', json: true }],
    [['client', 'rotate-secret', 'shop'], { kind: 'client-rotate-secret', id: 'shop', what: 'secret', overlap: 86_400_000, json: false }],
    [
      ['client', 'rotate-secret', 'shop', '--jwt', '--overlap', '0'],
      { kind: 'client-rotate-secret', id: 'shop', what: 'jwt', overlap: 0, json: false },
    ],
    [['client', 'rotate-secret', 'shop', '--jwks', 'f'], { kind: 'client-replace-keys', id: 'shop', jwksFile: 'f', json: false }],
    [['client', 'remove', 'shop'], { kind: 'client-remove', id: 'shop', json: false }],
    [['client', 'disable', 'shop', '--json'], { kind: 'client-disable', id: 'shop', json: true }],
    [['client', 'enable', 'shop'], { kind: 'client-enable', id: 'shop', json: false }],
  ];
  for (const [argv, command] of understood) assert.deepEqual(parseCommand(argv), command, argv.join(' '));
  for (const [set, roles] of [
    [[], null],
    [['--set', ''], []],
    [
      ['--set', 'a,b'],
      ['a', 'b'],
    ],
  ] as const) {
    const parsed = parseCommand(['client', 'roles', 'shop', '--user', 'Ada@example.com', ...set]);
    assert.deepEqual(parsed.kind === 'client-roles' ? [parsed.id, parsed.email.key, parsed.set] : [], ['shop', 'ada@example.com', roles]);
  }
  for (const option of Object.keys(CLIENT_OPTIONS)) assert.ok(HELP.includes(`--${option}`), option);
});

interface Shell {
  run(...args: string[]): Promise<Ended>;
  /** What a command that must succeed answers in JSON. */
  json(...args: string[]): Promise<Record<string, unknown>>;
  /** The one line that a command that must fail says, and its exit code. */
  refusal(...args: string[]): Promise<string>;
  readonly folder: string;
}

async function shellAt({ where }: FreshDatabase, t: TestContext): Promise<Shell> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-client-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = {
    PORTICO_DATA_DIR: where.dataDir || folder,
    PORTICO_DATABASE_URL: where.databaseUrl,
    PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
  };
  const run = (...args: string[]) => runPortico(['client', ...args], env);
  return {
    folder,
    run,
    json: async (...args) => {
      const { code, stdout, stderr } = await run(...args, '--json');
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^\{[^\n]*\}\n$/);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    refusal: async (...args) => {
      const { code, stdout, stderr } = await run(...args);
      assert.equal(stdout, '');
      assert.match(stderr, /^portico: [^\n]+\n$/);
      return `${code} ${stderr}`;
    },
  };
}

forEachFreshDatabase('client add prints id and secret once, and nothing shows or keeps the secret after that', async (fresh, t) => {
  const database = await fresh();
  const shell = await shellAt(database, t);
  const made = await shell.json(...WEB.slice(1));
  assert.deepEqual(Object.keys(made), ['client_id', 'client_secret']);
  const { client_id: id, client_secret: secret } = made as Record<string, string>;
  assert.match(id ?? '', /^shop-[0-9a-f]{10}$/);
  assert.match(secret ?? '', SECRET_FORM);
  assert.ok(await isAuthenticationSecret(database.db, id ?? '', tokenHash(secret ?? ''), Date.now()));
  const list = await shell.json('list');
  const [shop] = list['clients'] as readonly Record<string, unknown>[];
  assert.deepEqual(
    [shop?.['client_id'], shop?.['name'], shop?.['kind'], shop?.['redirectUris'], shop?.['disabledAt']],
    [id, 'Shop', 'web', ['https://shop.example.com/cb'], null],
  );
  assert.doesNotMatch(JSON.stringify(list), /pts_|secret_|hash|sealed/);
  const human = await shell.run(
    'add',
    '--name',
    'Two',
    '--kind',
    'web',
    '--redirect-uri',
    'http://localhost:3000/cb',
    '--access-alg',
    'HS256',
  );
  assert.match(human.stdout, /client id +two-\w+\n +client secret +pts_\S+\n +JWT secret +ptj_\S+ +\(kid \S+\)\nKeep what is secret now/);
  assert.match(human.stdout, /issuer +http:\/\/localhost:4000 .*openid-configuration/);
  assert.deepEqual(await shell.json('add', '--name', 'Game', '--kind', 'native', '--id', 'game'), {
    client_id: 'game',
    client_secret: null,
  });
  const signing = await shell.json(...WEB.slice(1), '--access-alg', 'HS256');
  assert.deepEqual(Object.keys(signing), ['client_id', 'client_secret', 'jwt_secret', 'jwt_secret_id']);
  const lines = await shell.run('list');
  assert.match(lines.stdout, /^shop-\w+ {2}web {2}Shop\n/);
  assert.equal(lines.stdout.split('\n').length, 5);
});

forEachFreshDatabase(
  'what a registration says wrong ends with 2 and all of it in one line; what only the installation knows with 1',
  async (fresh, t) => {
    const database = await fresh();
    const shell = await shellAt(database, t);
    const all = await shell.refusal('add', '--name', 'S', '--kind', 'spa', '--redirect-uri', 'javascript:1', '--access-alg', 'HS256');
    assert.match(all, /^2 .*"javascript:1" must begin with https.*; a spa client has exactly one origin; a spa client cannot have HS256/);
    await shell.json(...WEB.slice(1), '--id', 'shop');
    assert.match(await shell.refusal(...WEB.slice(1), '--id', 'shop'), /^1 .*there is a client "shop" already/);
    assert.match(await shell.refusal(...WEB.slice(1), '--id', 'portico'), /^1 .*there is a client "portico" already/);
    assert.match(await shell.refusal(...WEB.slice(1), '--audience', 'nobody'), /^1 .*no client "nobody"/);
    assert.match(
      await shell.refusal('add', '--name', 'S', '--kind', 'web', '--redirect-uri', 'http://localhost:4000/x'),
      /^1 .*Portico's own/,
    );
    assert.match(await shell.refusal(...WEB.slice(1), '--jwks', join(shell.folder, 'none.json')), /^1 .*--jwks cannot be read/);
    const key = newSiteKey();
    const file = join(shell.folder, 'keys.json');
    writeFileSync(file, JSON.stringify({ keys: [key.privateKey.export({ format: 'jwk' })] }));
    assert.match(await shell.refusal(...WEB.slice(1), '--jwks', file), /^2 .*is a private key/);
    writeFileSync(file, jwksOf(key));
    assert.deepEqual(await shell.json(...WEB.slice(1), '--jwks', file, '--id', 'signer'), { client_id: 'signer', client_secret: null });
    assert.deepEqual(await shell.json('rotate-secret', 'signer', '--jwks', file), { client_id: 'signer', replaced: true });
    assert.equal((await database.db.all("select id from clients where id <> 'portico'")).length, 2);
  },
);

forEachFreshDatabase('secrets are rotated, a site is disabled, enabled and removed, each time in the audit log', async (fresh, t) => {
  const database = await fresh();
  const shell = await shellAt(database, t);
  const { client_secret: first } = (await shell.json(...WEB.slice(1), '--id', 'shop', '--access-alg', 'HS256')) as Record<string, string>;
  const works = async (secret: unknown) => isAuthenticationSecret(database.db, 'shop', tokenHash(String(secret)), Date.now());
  const rotated = await shell.json('rotate-secret', 'shop', '--overlap', '2h');
  assert.ok(Math.abs(Date.parse(String(rotated['old_secret_until'])) - Date.now() - 7_200_000) < 60_000);
  assert.deepEqual([await works(first), await works(rotated['client_secret'])], [true, true]);
  const now = await shell.json('rotate-secret', 'shop', '--overlap', '0');
  assert.deepEqual([await works(first), await works(rotated['client_secret']), await works(now['client_secret'])], [false, false, true]);
  const jwt = await shell.json('rotate-secret', 'shop', '--jwt');
  assert.deepEqual(Object.keys(jwt), ['client_id', 'jwt_secret', 'jwt_secret_id', 'signs_from']);
  assert.ok(Math.abs(Date.parse(String(jwt['signs_from'])) - Date.now() - 86_400_000) < 60_000);
  const human = await shell.run('rotate-secret', 'shop');
  assert.match(human.stdout, /^new secret of shop, not shown again: pts_\S+\nthe old one works until \S+Z\n$/);

  assert.deepEqual(await shell.json('disable', 'shop'), { client_id: 'shop', disabled: true, signIns: 0 });
  assert.match((await shell.run('list')).stdout, /shop {2}web {2}Shop {2}disabled \S+Z\n/);
  assert.deepEqual(await shell.json('enable', 'shop'), { client_id: 'shop', disabled: false });
  assert.deepEqual(await shell.json('remove', 'shop'), { client_id: 'shop', removed: true, signIns: 0 });
  for (const command of ['remove', 'disable', 'enable', 'rotate-secret'])
    assert.match(await shell.refusal(command, 'shop'), /^1 portico: there is no client "shop"/);
  assert.match(await shell.refusal('remove', 'portico'), /^1 portico: there is no client "portico"/);
  assert.deepEqual(await shell.json('list'), { clients: [] });
  assert.match((await shell.run('list')).stdout, /there are no client sites/);
  const events = await database.db.all("select action, user_agent from events where client_id = 'shop' order by at");
  assert.deepEqual(
    events.map((row) => [row['action'], row['user_agent']]),
    [
      'client.added',
      ...Array.from({ length: 4 }, () => 'client.secret_rotated'),
      'client.disabled',
      'client.enabled',
      'client.disabled',
      'client.removed',
    ].map((action) => [action, 'portico']),
  );
  assert.equal((await database.db.all("select id from revocations where kind = 'client'")).length, 3);
});

forEachFreshDatabase('roles at a site are shown and set; what the site has not defined is refused with what it has', async (fresh, t) => {
  const database = await fresh();
  const shell = await shellAt(database, t);
  await shell.json(...WEB.slice(1), '--id', 'shop', '--role', 'clerk,manager');
  await database.db.all(
    `insert into users (id, email, email_key, display_name, role, uv, verified_at, created_at) values ('u', 'Ada@example.com', 'ada@example.com', 'Ada', 'owner', 1, 1, 1)`,
  );
  const at = ['roles', 'shop', '--user', 'ada@example.com'];
  const none = { client_id: 'shop', user: 'ada@example.com', roles: [], defined: ['clerk', 'manager'] };
  assert.deepEqual(await shell.json(...at), none);
  assert.deepEqual(await shell.json(...at, '--set', 'manager,clerk'), { ...none, roles: ['clerk', 'manager'] });
  assert.deepEqual((await database.db.all('select uv from users'))[0]?.['uv'], 1);
  assert.deepEqual(await shell.json(...at, '--set', 'clerk'), { ...none, roles: ['clerk'] });
  assert.deepEqual((await database.db.all('select uv from users'))[0]?.['uv'], 2, 'a role was taken');
  assert.equal((await database.db.all("select subject from revocations where kind = 'sub'"))[0]?.['subject'], 'u');
  assert.match(await shell.refusal(...at, '--set', 'owner'), /^1 portico: shop defines no such role: clerk, manager\n$/);
  assert.match(await shell.refusal('roles', 'nobody', '--user', 'ada@example.com'), /^1 portico: there is no client "nobody"\n$/);
  assert.match(
    await shell.refusal('roles', 'shop', '--user', 'eve@example.com'),
    /^1 portico: nobody has an account with eve@example.com\n$/,
  );
  assert.equal((await shell.run(...at)).stdout, 'ada@example.com at shop: clerk\n');
  assert.equal((await shell.run(...at, '--set', '')).stdout, 'ada@example.com at shop: no roles\n');
});
