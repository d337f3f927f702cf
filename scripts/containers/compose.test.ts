import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ALL_SETTINGS } from '../../server/src/config.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly ports?: readonly string[];
  readonly networks: Readonly<Record<string, unknown>> | readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly [setting: string]: unknown;
}

interface Compose {
  readonly name?: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const nodes = services.filter(([name]) => name.startsWith('portico-'));
const settingNames = new Set(ALL_SETTINGS.map(({ name }) => name));
const networksOf = ({ networks }: Service) => (Array.isArray(networks) ? (networks as readonly string[]) : Object.keys(networks));

test('two nodes, a database, a cache and a proxy, in words that old and new compose understand', () => {
  assert.deepEqual(Object.keys(compose.services), ['portico-1', 'portico-2', 'proxy', 'postgres', 'valkey']);
  assert.equal(compose.name, undefined);
  assert.ok(!('version' in compose));
});

test('every setting that compose.yaml and the examples name is one that Portico has', () => {
  for (const [, { environment = {} }] of nodes)
    for (const name of Object.keys(environment)) assert.ok(settingNames.has(name.replace(/_FILE$/, '')), name);
  const examples = ['.env.example', 'deploy/portico.env', 'deploy/portico.service'].map(read).join('\n');
  const named = [...`${examples}\n${read('compose.yaml')}`.matchAll(/\bPORTICO_[A-Z_]+\b/g)].map(([name]) => name.replace(/_FILE$/, ''));
  assert.ok(named.length > 10);
  for (const name of named) assert.ok(settingNames.has(name), name);
});

test('both nodes are the same but for their address, and have one of their own for the proxy to know', () => {
  const [first, second] = nodes.map(([, node]) => ({ ...node, networks: networksOf(node) }));
  assert.deepEqual(first, second);
  const addresses = services.flatMap(([, { networks }]) =>
    Object.values(networks).map((each) => (each as { ipv4_address?: string }).ipv4_address),
  );
  const fixed = addresses.filter((address) => address !== undefined);
  assert.equal(new Set(fixed).size, 3);
  const trusted = nodes[0]?.[1].environment?.['PORTICO_TRUSTED_PROXIES'];
  const proxy = (compose.services['proxy'] as { networks: Record<string, { ipv4_address: string }> }).networks['web']?.ipv4_address;
  assert.equal(trusted, proxy);
});

test('no container writes to its own root, has a right that it does not need, or gets more', () => {
  for (const [name, service] of services) {
    assert.equal(service['read_only'], true, name);
    assert.deepEqual(service['cap_drop'], ['ALL'], name);
    assert.deepEqual(service['security_opt'], ['no-new-privileges:true'], name);
    assert.equal(service['privileged'] ?? false, false, name);
    assert.ok(service['mem_limit'] !== undefined && service['restart'] === 'unless-stopped', name);
    assert.deepEqual((service['logging'] as { driver: string }).driver, 'json-file', name);
    // The database begins as root to own its folder; everybody else runs as whoever owns the secrets.
    if (name === 'postgres') assert.deepEqual(service['cap_add'], ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID']);
    if (name !== 'postgres') assert.deepEqual([service.user, service['cap_add']], [`\${RUN_AS:-1000:1000}`, undefined], name);
    assert.ok(!(service.volumes ?? []).some((volume) => volume.includes('docker.sock')), name);
    assert.match(service.image, /^\$\{IMAGE:-portico:local\}$|^[a-z/]+:\d+(\.\d+)?$/, name);
  }
});

test('the database and the cache are in a network without a way out, and only the proxy is published', () => {
  assert.equal(compose.networks['storage']?.internal, true);
  for (const name of ['postgres', 'valkey']) assert.deepEqual(networksOf(compose.services[name] as Service), ['storage']);
  assert.deepEqual(networksOf(compose.services['proxy'] as Service), ['web']);
  assert.deepEqual(
    services.filter(([, { ports = [] }]) => ports.length > 0).map(([name]) => name),
    ['proxy'],
  );
});

test('secrets are files in secrets/, and no value stands in the environment, on a command line or in a file of the repository', () => {
  for (const [name, { file }] of Object.entries(compose.secrets)) assert.equal(file, `./secrets/${name}`);
  for (const [name, service] of services) {
    for (const secret of service.secrets ?? []) assert.ok(compose.secrets[secret] !== undefined, `${name}: ${secret}`);
    for (const [setting, value] of Object.entries(service.environment ?? {})) {
      if (!/KEY|PASSWORD|SECRET|TOKEN|_URL/.test(setting)) continue;
      assert.match(setting, /_FILE$/, `${name}: ${setting}`);
      assert.ok(service.secrets?.includes(value.replace('/run/secrets/', '')), `${name}: ${setting}`);
    }
  }
});

test('a container starts when those that it needs answer', () => {
  for (const [name, { depends_on: needs = {} }] of services)
    for (const [other, { condition }] of Object.entries(needs)) {
      assert.equal(condition, 'service_healthy', name);
      // The image of Portico brings its own check.
      assert.ok(other.startsWith('portico-') || compose.services[other]?.['healthcheck'] !== undefined, other);
    }
  assert.deepEqual(Object.keys(nodes[0]?.[1].depends_on ?? {}), ['postgres', 'valkey']);
  assert.deepEqual(Object.keys(compose.services['proxy']?.depends_on ?? {}), ['portico-1', 'portico-2']);
});

test('the proxy writes no query into a log, hands on one address of the caller, and asks nobody twice what could count twice', () => {
  const conf = read('deploy/proxy/nginx.conf').replace(/#.*$/gm, '');
  const format = /log_format short ([^;]+);/.exec(conf)?.[1] ?? '';
  assert.doesNotMatch(format, /\$(?:request|request_uri|args|query_string|http_referer|http_cookie|is_args)\b/);
  assert.match(conf, /error_log \/dev\/stderr crit;/);
  assert.match(conf, /proxy_set_header X-Forwarded-For \$remote_addr;/);
  assert.match(conf, /proxy_set_header Forwarded '';/);
  assert.doesNotMatch(conf, /non_idempotent|proxy_add_x_forwarded_for/);
  for (const [name] of nodes) assert.ok(conf.includes(`server ${name}:4000 `), name);
});

test('the role of the nodes is no superuser, and the superuser of the database has no password', () => {
  const sql = read('deploy/database/role.sql').replace(/--.*$/gm, '');
  assert.match(sql, /^create role portico login password :'password';$/m);
  assert.doesNotMatch(sql, /superuser|createdb|createrole|replication|bypassrls|grant /i);
  assert.match(sql, /^alter role postgres password null;$/m);
  const { environment, volumes } = compose.services['postgres'] as Service;
  assert.equal(environment?.['POSTGRES_USER'], undefined);
  assert.ok(volumes?.includes('./deploy/database:/docker-entrypoint-initdb.d:ro'));
});
