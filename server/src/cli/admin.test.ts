import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { authPath, PAGES } from '@portico/protocol/routes';
import { forEachFreshDatabase } from '../../test/databases.ts';
import { type RunningPortico, runPortico, startPortico } from '../../test/portico-process.ts';
import { parseCommand } from '../cli.ts';

const PASSWORD = 'canary horse battery staple';

test('bad usage of admin is told so in one line that says what is missing', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['admin'], /link or create/],
    [['admin', 'remove'], /link or create/],
    [['admin', 'link', 'ada@example.com'], /unexpected "ada@example\.com"/],
    [['admin', 'link', '--email', 'ada@example.com'], /takes no --email/],
    [['admin', 'create'], /needs --email/],
    [['admin', 'create', '--email', 'ada'], /needs --email/],
    [['admin', 'create', 'ada@example.com'], /unexpected/],
    [['user', 'role', 'ada@example.com', 'owner', '--email', 'x@example.com'], /takes no --email/],
  ];
  for (const [argv, sentence] of wrong) {
    const parsed = parseCommand(argv);
    assert.equal(parsed.kind, 'bad-usage', argv.join(' '));
    assert.match(parsed.kind === 'bad-usage' ? parsed.problem : '', sentence, argv.join(' '));
  }
});

const tokenOf = (link: string) => new URL(link).hash.slice(1);
/** The link of the first screen; null where there is none. */
const shownBy = (portico: RunningPortico) => /\S+\/setup#([A-Za-z0-9_-]{43})/.exec(portico.stdout())?.[1] ?? null;

async function setUp({ origin }: RunningPortico, token: string, email: string): Promise<string> {
  const answer = await fetch(origin + authPath('setup'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, email, password: PASSWORD }),
  });
  const body = (await answer.json()) as { readonly status?: string; readonly error?: string };
  return `${answer.status} ${body.error ?? body.status ?? ''}`;
}

forEachFreshDatabase(
  'a start shows a link while there is no owner; one that is printed beside running servers makes one owner, though twenty use it at two of them',
  async (fresh, t) => {
    const { db, where } = await fresh();
    const env = {
      PORTICO_DATA_DIR: where.dataDir,
      PORTICO_DATABASE_URL: where.databaseUrl,
      PORTICO_MASTER_KEY: randomBytes(32).toString('hex'),
    };
    const quiet = { ...env, PORTICO_SIGNUP: 'closed', PORTICO_LOG_LEVEL: 'trace' };
    const first = await startPortico({ ...quiet, NODE_ENV: 'development' });
    t.after(() => first.end('SIGKILL'));
    const second = await startPortico({ ...quiet, NODE_ENV: 'production', PORTICO_SMTP_URL: 'smtp://127.0.0.1:9' });
    t.after(() => second.end('SIGKILL'));
    const shown = shownBy(first);
    assert.ok(shown !== null, first.stdout());
    assert.equal(shownBy(second), null, 'where standard output is a log it would stay there');

    const anybody = await runPortico(['admin', 'link', '--json'], {
      ...env,
      NODE_ENV: 'production',
      PORTICO_ORIGIN: 'https://auth.example.com',
      PORTICO_SMTP_URL: 'smtp://127.0.0.1:9',
      PORTICO_MAIL_FROM: 'a@example.com',
    });
    assert.deepEqual([anybody.code, anybody.stderr], [0, '']);
    const printed = JSON.parse(anybody.stdout) as { readonly link: string; readonly expires_at: string };
    assert.deepEqual(Object.keys(printed), ['link', 'expires_at']);
    assert.ok(printed.link.startsWith(`https://auth.example.com${PAGES.setup}#`));
    const left = Date.parse(printed.expires_at) - Date.now();
    assert.ok(left > 29 * 60_000 && left <= 30 * 60_000);

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => setUp(at % 2 === 0 ? first : second, tokenOf(printed.link), `ada${at}@example.com`)),
    );
    assert.equal(answers.filter((said) => said === '200 VERIFIED').length, 1, answers.join());
    assert.ok(
      answers.every((said) => ['200 VERIFIED', '410 link_expired', '503 busy', '503 unavailable'].includes(said)),
      answers.join(),
    );
    assert.equal((await db.all('select id from users')).length, 1);
    assert.equal((await db.all("select id from users where role = 'owner'")).length, 1);
    assert.equal(await setUp(first, shown, 'eve@example.com'), '410 link_expired', 'the link of the screen ended with it');

    const named = await runPortico(['admin', 'create', '--email', 'Bob@example.com', '--json'], env);
    const bound = JSON.parse(named.stdout) as { readonly email: string; readonly link: string };
    assert.deepEqual([named.code, Object.keys(bound), bound.email], [0, ['email', 'link', 'expires_at'], 'Bob@example.com']);
    assert.equal(await setUp(second, tokenOf(bound.link), 'eve@example.com'), '403 link_of_another');
    assert.equal(await setUp(second, tokenOf(bound.link), 'bob@example.com'), '200 VERIFIED');
    const spoken = await runPortico(['admin', 'create', '--email', 'bob@example.com'], env);
    assert.match(spoken.stdout, /^open this link to become an owner as bob@example\.com; it works once, until \S+:\n\S+\/setup#\S{43}\n$/);

    const [ended] = [await second.end(), await first.end()];
    for (const secret of [shown, tokenOf(printed.link), tokenOf(bound.link), PASSWORD]) assert.ok(!ended.stdout.includes(secret));
    const third = await startPortico({ ...quiet, NODE_ENV: 'development' });
    t.after(() => third.end('SIGKILL'));
    assert.equal(shownBy(third), null, 'there is an owner');
    assert.match(third.stdout(), /Ctrl-C/);
  },
);
