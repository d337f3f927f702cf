import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ADMIN_ACTS,
  ADMIN_EXPORT_PAGES,
  ADMIN_EXPORTS,
  ADMIN_FORMS,
  ADMIN_PAGES,
  ADMIN_PREFIX,
  ADMIN_READS,
} from '@portico/protocol/admin';
import { COOKIES, FORM_FIELDS, HEADERS, SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import { ERRORS } from '@portico/protocol/errors';
import {
  AUTH_PATHS,
  AUTH_PREFIX,
  AUTH_PREFIX_ALIAS,
  EXTERNAL_PATHS,
  EXTERNAL_PREFIX,
  OAUTH,
  PAGE_FORMS,
  PAGES,
  REVOCATIONS,
  SSO,
  SYSTEM,
} from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVER = 'server/src';

/** Files below a folder of the repository, tests and built things left out. */
function filesIn(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => endings.some((ending) => name.endsWith(ending)) && !/\.test\.ts$|node_modules|\/dist\//.test(name))
    .sort();
}
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
/** The text without comments: prose may speak of anything. */
const code = (file: string) =>
  read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
    .replace(/<!--[\s\S]*?-->/g, '');
const serverFiles = filesIn(SERVER, ['.ts']);
const uiFiles = filesIn('ui/src', ['.ts', '.svelte']);

/**
 * The layers, lowest first. A file may import from its own layer or a lower one; in the ordered list of nouns only from nouns that stand before it.
 */
const NOUNS = [
  'audit/event.ts',
  'audit/sign-in-hours.ts',
  'audit/event-figures.ts',
  'audit/event-trail.ts',
  'audit/event-list.ts',
  'audit/seal.ts',
  'guessing/counter.ts',
  'guessing/suspension.ts',
  'guessing/allowed-network.ts',
  'sessions/revocation.ts',
  'accounts/device.ts',
  'accounts/sighting.ts',
  'accounts/invitation.ts',
  'accounts/setup-link.ts',
  'accounts/user.ts',
  'accounts/user-list.ts',
  'accounts/password.ts',
  'accounts/signup.ts',
  'accounts/identity.ts',
  'clients/client.ts',
  'clients/client-list.ts',
  'clients/client-secret.ts',
  'clients/client-role.ts',
  'clients/consent.ts',
  'clients/spent-id.ts',
  'clients/logout-outbox.ts',
  'clients/logout-list.ts',
  'guessing/security-code.ts',
  'sessions/refresh-token.ts',
  'sessions/open-site.ts',
  'sessions/session.ts',
  'sessions/session-figures.ts',
  'sessions/session-list.ts',
  'oauth/authorization-code.ts',
  'oauth/authorization-request.ts',
  'oauth/device-code.ts',
  'keys/data-key.ts',
  'keys/chain-key.ts',
  'keys/signing-key.ts',
  'mail/mail-link.ts',
  'mail/outbox.ts',
  'mail/outbox-list.ts',
  'jobs/lease.ts',
  'nodes/node.ts',
  'moving/table-rows.ts',
  'moving/closing.ts',
];
/** Rules and values that own no table and know none: nouns may use them. */
const VALUES = [
  'audit/facts.ts',
  'audit/event-digest.ts',
  'audit/event-row.ts',
  'accounts/email.ts',
  'accounts/sign-up-policy.ts',
  'accounts/device-label.ts',
  'accounts/common-passwords.ts',
  'guessing/limits.ts',
  'guessing/network-address.ts',
  'sessions/end-reason.ts',
  'sessions/refresh-chain.ts',
  'sessions/end-reason.ts',
  'sessions/session-row.ts',
  'sessions/family-row.ts',
  'clients/client-keys.ts',
  'clients/client-row.ts',
  'clients/redirect-uri.ts',
  'mail/link-lives.ts',
  'mail/letters.ts',
  'moving/moved-tables.ts',
  'moving/move-refused.ts',
  'caller.ts',
];
/** Steps that several verbs share, and that stand beside them. */
const STEPS_BESIDE_VERBS = [
  'auth/create-user-session.ts',
  'auth/complete-sign-up.ts',
  'oauth/redeem-code.ts',
  'oauth/open-app.ts',
  'oauth/id-token.ts',
  'oauth/logout-token.ts',
  'oauth/dpop.ts',
  'oauth/scope.ts',
  'oauth/client-request.ts',
  'oauth/authorize-request.ts',
  'oauth/stored-request.ts',
  'oauth/id-token-hint.ts',
  'oauth/parameters.ts',
  'oauth/grant-types.ts',
  'oauth/asking-site.ts',
  'oauth/asked-logout.ts',
  'oauth/user-code.ts',
  'admin/list-page.ts',
  'admin/csv.ts',
  'admin/confirmed.ts',
  'keys/open-vault.ts',
  'keys/reseal-secrets.ts',
  'keys/drop-key.ts',
  'keys/rotate-keys.ts',
  'admin/health.ts',
  'admin/set-up.ts',
];
/** What talks with providers and checks passwords; every other file beside them is the pure definition of one provider. */
const PROVIDER_STEPS = ['at-provider.ts', 'credential.ts', 'oauth.ts', 'oauth-state.ts', 'provider-tokens.ts'];
const LAYERS: readonly (readonly [string, (file: string) => boolean])[] = [
  ['platform', (file) => file.startsWith('platform/')],
  // A new provider is a file of this layer without a word here.
  ['definitions', (file) => file.startsWith('auth/auth-providers/') && !PROVIDER_STEPS.includes(file.slice('auth/auth-providers/'.length))],
  ['settings', (file) => file.startsWith('config/') || file === 'config.ts' || file === 'deps.ts'],
  ['values', (file) => VALUES.includes(file)],
  ['nouns', (file) => NOUNS.includes(file)],
  [
    'steps',
    (file) =>
      /^(audit|sessions|accounts|guessing|clients|mail|moving|revocations|nodes|oauth\/grants)\//.test(file) ||
      STEPS_BESIDE_VERBS.includes(file),
  ],
  ['providers', (file) => file.startsWith('auth/auth-providers/')],
  ['verbs', (file) => /^(auth|keys|oauth|external|sso|admin)\//.test(file)],
  ['edge', (file) => file.startsWith('http/') || file.startsWith('jobs/')],
  ['app', (file) => file === 'app.ts' || file.startsWith('routes/')],
  ['start', (file) => ['main.ts', 'wire.ts', 'cli.ts', 'start-problem.ts'].includes(file) || file.startsWith('cli/')],
];
const layerOf = (file: string) => LAYERS.findIndex(([, is]) => is(file));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Imports between the server's own files. */
function importsOf(file: string): Import[] {
  const found = code(file).matchAll(/^(import|export)( type)?[^;]*?from '(\.[^']+)';/gm);
  const dynamic = code(file).matchAll(/()()import\('(\.[^']+)'\)/g);
  return [...found, ...dynamic].map(([, , type, path = '']) => ({
    from: relative(SERVER, file),
    to: relative(SERVER, normalize(join(dirname(file), path))),
    typeOnly: type === ' type',
  }));
}

test('every server file has a layer, and every noun and value in the list exists', () => {
  const names = serverFiles.map((file) => relative(SERVER, file));
  assert.deepEqual(
    names.filter((file) => layerOf(file) < 0),
    [],
  );
  assert.deepEqual(
    [...NOUNS, ...VALUES].filter((file) => !names.includes(file)),
    [],
  );
});

test('imports point one way', () => {
  const wrong = serverFiles.flatMap(importsOf).filter(({ from, to, typeOnly }) => {
    const [low, high] = [layerOf(from), layerOf(to)];
    // `deps.ts` names the shape of what platform files make; types alone tie nothing together at run time.
    if (high <= low) return high === low && NOUNS.includes(from) && NOUNS.indexOf(to) > NOUNS.indexOf(from);
    return !(typeOnly && (to === 'deps.ts' || to === 'config.ts' || VALUES.includes(to)));
  });
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} -> ${to}`),
    [],
  );
});

test('verbs import no verbs', () => {
  const verb = layerOf('auth/refresh.ts');
  const wrong = serverFiles.flatMap(importsOf).filter(({ from, to }) => layerOf(from) === verb && layerOf(to) === verb);
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} -> ${to}`),
    [],
  );
});

test('protocol depends on nothing, and the pages on nothing of the server', () => {
  const wrong = [...filesIn('protocol/src', ['.ts']), ...uiFiles].filter(
    (file) => /from '(@portico\/auth-server|node:|\.\.\/\.\.\/\.\.\/server)/.test(code(file)) && file.startsWith('protocol'),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    uiFiles.filter((file) => /@portico\/auth-server|server\/src/.test(code(file))),
    [],
  );
});

test('SQL about a table stands in the one file that owns it', () => {
  const owners: Record<string, string> = {
    users: 'accounts/user.ts',
    passwords: 'accounts/password.ts',
    devices: 'accounts/device.ts',
    signups: 'accounts/signup.ts',
    sessions: 'sessions/session.ts',
    refresh_tokens: 'sessions/refresh-token.ts',
    revocations: 'sessions/revocation.ts',
    security_codes: 'guessing/security-code.ts',
    counters: 'guessing/counter.ts',
    clients: 'clients/client.ts',
    client_secrets: 'clients/client-secret.ts',
    client_roles: 'clients/client-role.ts',
    consents: 'clients/consent.ts',
    spent_ids: 'clients/spent-id.ts',
    logouts: 'clients/logout-outbox.ts',
    authorization_codes: 'oauth/authorization-code.ts',
    authorization_requests: 'oauth/authorization-request.ts',
    device_codes: 'oauth/device-code.ts',
    events: 'audit/event.ts',
    event_seals: 'audit/seal.ts',
    sign_in_hours: 'audit/sign-in-hours.ts',
    setup_links: 'accounts/setup-link.ts',
    identities: 'accounts/identity.ts',
    mail_links: 'mail/mail-link.ts',
    invitations: 'accounts/invitation.ts',
    sightings: 'accounts/sighting.ts',
    suspensions: 'guessing/suspension.ts',
    allowed_networks: 'guessing/allowed-network.ts',
    mails: 'mail/outbox.ts',
    leases: 'jobs/lease.ts',
    data_keys: 'keys/data-key.ts',
    nodes: 'nodes/node.ts',
    chain_keys: 'keys/chain-key.ts',
    signing_keys: 'keys/signing-key.ts',
  };
  const tables = filesIn('server/migrations', ['.sql']).flatMap((file) =>
    [...read(file).matchAll(/^create table (\w+)/gm)].map((match) => match[1] ?? ''),
  );
  assert.deepEqual(
    tables.filter((table) => owners[table] === undefined),
    [],
    'every table has an owner',
  );
  for (const file of serverFiles) {
    const name = relative(SERVER, file);
    for (const [, table = ''] of code(file).matchAll(/\b(?:insert into|update|delete from) (\w+)/g)) {
      if (owners[table] !== undefined) assert.equal(name, owners[table], `${name} writes ${table}`);
    }
    if (/\b(select .+ from|insert into|delete from) /s.test(code(file)) && !name.startsWith('platform/')) {
      assert.ok(NOUNS.includes(name), `${name} holds SQL and is no noun`);
    }
  }
});

/** Whole databases are moved table by table, so there the names of tables and columns are written in: those of the migrations, and only plain words. */
const WRITES_NAMES = ['moving/table-rows.ts', 'moving/closing.ts'];
const NAMES =
  /^\$\{(plainName\([\w.]+\)|listOf\(columns\)|orderOf\(from, table\)|placeOf\(at\)|start|places|lists|type|table|act|CLOSED_[A-Z]+)\}$/;

test('SQL is never built from values: only constants are written into a statement', () => {
  const allowed = /^\$\{(COLUMNS|GRANT_COLUMNS|LIVE_FAMILIES|TRIES|SENDS|\(RING_SIZE - 1\) \* 22)\}$/;
  for (const file of serverFiles.filter((name) => NOUNS.includes(relative(SERVER, name)))) {
    const holes = WRITES_NAMES.includes(relative(SERVER, file)) ? NAMES : allowed;
    for (const [statement] of code(file).matchAll(/`[^`]*\b(?:select|insert|update|delete)\b[^`]*`/g)) {
      for (const [hole] of statement.matchAll(/\$\{[^}]*\}/g)) assert.match(hole, holes, `${file}: ${hole}`);
    }
  }
});

test('the environment is read in the settings only', () => {
  const readers = serverFiles.filter((file) => /process\.env|process\[/.test(code(file))).map((file) => relative(SERVER, file));
  assert.deepEqual(
    readers.filter((file) => !/^(config\.ts|config\/|main\.ts|cli)/.test(file)),
    [],
  );
});

test('time and randomness are handed in: no noun, step, verb or page asks the machine', () => {
  const asks = /\bDate\.now\(|new Date\(\)|Math\.random\(|\brandomBytes\(|performance\.now\(/;
  // The outbox asks for an order of its own letters, not for the time.
  const free = /^(platform\/|main\.ts|wire\.ts|cli|config|keys\/(data|chain|signing)-key\.ts|http\/server\.ts|mail\/outbox\.ts)/;
  const wrong = serverFiles.map((file) => relative(SERVER, file)).filter((file) => !free.test(file) && asks.test(code(join(SERVER, file))));
  assert.deepEqual(wrong, []);
});

test('no classes but errors, no default exports, no folder for leftovers', () => {
  for (const file of [...serverFiles, ...filesIn('protocol/src', ['.ts'])]) {
    for (const [line] of code(file).matchAll(/\bclass \w+.*\{/g)) assert.match(line, /extends (\w*Error|Error)\b/, `${file}: ${line}`);
    assert.ok(!/^export default/m.test(code(file)), file);
  }
  const everywhere = [...serverFiles, ...uiFiles, ...filesIn('protocol/src', ['.ts']), ...filesIn('scripts', ['.ts', '.cjs'])];
  assert.deepEqual(
    everywhere.filter((file) => /(^|\/)(utils?|helpers?|common|shared|misc)(\/|\.)/.test(file)),
    [],
  );
});

test('every error code is thrown somewhere and appears in a test', () => {
  const source = serverFiles.map(code).join('\n');
  const tests =
    [...filesIn('server', ['.ts'])].length > 0
      ? readdirSync(join(ROOT, 'server'), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.test.ts') || name.startsWith('test/'))
          .filter((name) => name.endsWith('.ts'))
          .map((name) => read(join('server', name)))
          .join('\n')
      : '';
  // Said by the error page for answers that a proxy in front of us may give.
  const pageOnly = new Set(['bad_gateway', 'gateway_timeout']);
  for (const name of Object.keys(ERRORS)) {
    if (!pageOnly.has(name)) assert.ok(source.includes(`'${name}'`), `${name} is never thrown`);
    assert.ok(pageOnly.has(name) || tests.includes(name), `${name} is in no test`);
  }
});

/** Every text in quotes of a file. */
function literals(file: string): string[] {
  return [...code(file).matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

test('paths, cookies, headers and field names stand once, in protocol/', () => {
  const paths = [
    AUTH_PREFIX,
    AUTH_PREFIX_ALIAS,
    ...Object.values(AUTH_PATHS),
    ...Object.values(PAGES),
    ...Object.values(PAGE_FORMS),
    ...Object.values(SYSTEM),
    ...Object.values(OAUTH),
    EXTERNAL_PREFIX,
    ...Object.values(EXTERNAL_PATHS),
    ...Object.values(SSO),
    ...Object.values(REVOCATIONS),
    ADMIN_PREFIX,
    ADMIN_FORMS,
    ADMIN_EXPORT_PAGES,
    ...Object.values(ADMIN_READS),
    ...Object.values(ADMIN_PAGES),
    ...Object.values(ADMIN_ACTS),
    ...Object.values(ADMIN_EXPORTS),
  ].filter((path) => path !== '/');
  const names = [...Object.values(COOKIES), ...Object.values(HEADERS), ...Object.values(FORM_FIELDS), SECURE_COOKIE_PREFIX];
  for (const file of [...serverFiles, ...uiFiles]) {
    for (const literal of literals(file)) {
      const path = paths.find((known) => literal === known || literal.startsWith(`${known}/`) || literal.startsWith(`${known}?`));
      assert.equal(path, undefined, `${file} writes the path ${literal}`);
      const name = names.find((known) => literal.toLowerCase() === known.toLowerCase());
      assert.equal(name, undefined, `${file} writes the name ${literal}`);
    }
  }
});

/** All sentences of a language, however deep. */
function sentences(texts: object): string[] {
  return Object.values(texts).flatMap((value: unknown) => (typeof value === 'string' ? [value] : sentences(value as object)));
}

test('sentences stand once, in the texts of a language', () => {
  const known = sentences(en).filter((sentence) => sentence.includes(' ') && sentence.length > 20);
  assert.ok(known.length > 50);
  for (const file of [...serverFiles, ...uiFiles]) {
    const text = code(file);
    for (const sentence of known) assert.ok(!text.includes(sentence), `${file} writes “${sentence}”`);
  }
  // A page's own words would stand between tags.
  for (const file of uiFiles.filter((name) => name.endsWith('.svelte'))) {
    const markup = code(file)
      .replace(/<script[\s\S]*?<\/script>/g, '')
      .replace(/<style[\s\S]*?<\/style>/g, '')
      .replace(/\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, '');
    for (const [, words = ''] of markup.matchAll(/>([^<>]*[A-Za-z]{3,} [^<>]*)</g))
      assert.equal(words.trim(), '', `${file} writes “${words.trim()}” in its markup`);
  }
});

test('pages insert no raw HTML and make no code from text', () => {
  // The demo is a process of its own, always the same program.
  const free = (file: string) => file === join(SERVER, 'cli/demo-process.ts');
  for (const file of [...serverFiles, ...uiFiles].filter((name) => !free(name)))
    assert.ok(
      !/\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|child_process/.test(code(file)),
      file,
    );
});

test('no file grows into a hall', () => {
  const long = [...serverFiles, ...uiFiles]
    .map((file) => [file, read(file).split('\n').length] as const)
    .filter(([, lines]) => lines > 300);
  assert.deepEqual(long, []);
});
