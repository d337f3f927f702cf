import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');
const lines = readFileSync(join(ROOT, 'deploy', 'portico.service'), 'utf8')
  .split('\n')
  .filter((line) => line.includes('=') && !line.startsWith('#'));
const all = (name: string) => lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));

test('the unit starts what is in the repository, and gives it longer to end than it takes', () => {
  const [start = ''] = all('ExecStart');
  const [, program = ''] = /^\/usr\/bin\/node \/opt\/portico\/(\S+) start$/.exec(start) ?? [];
  assert.ok(existsSync(join(ROOT, program)), start);
  assert.deepEqual([all('KillSignal'), all('TimeoutStopSec'), all('Restart')], [['SIGTERM'], ['15'], ['on-failure']]);
});

test('every secret of the unit is a credential, and none stands in a line that others can read', () => {
  const credentials = all('LoadCredential').map((line) => line.split(':')[0] ?? '');
  const files = all('Environment').filter((line) => line.includes('_FILE='));
  assert.deepEqual(new Set(files.map((line) => line.split('=%d/')[1])), new Set(credentials));
  assert.ok(credentials.includes('portico-master-key'));
  const named = all('Environment').map((line) => line.split('=')[0] ?? '');
  assert.deepEqual(
    named.filter((name) => /KEY|PASSWORD|SECRET|TOKEN|_URL/.test(name) && !name.endsWith('_FILE')),
    [],
  );
});

test('what the unit may do is what Portico needs', () => {
  const held: Readonly<Record<string, string>> = {
    DynamicUser: 'yes',
    StateDirectory: 'portico',
    StateDirectoryMode: '0700',
    UMask: '0077',
    LimitCORE: '0',
    NoNewPrivileges: 'yes',
    CapabilityBoundingSet: '',
    AmbientCapabilities: '',
    PrivateDevices: 'yes',
    PrivateTmp: 'yes',
    PrivateUsers: 'yes',
    ProtectHome: 'yes',
    ProtectKernelTunables: 'yes',
    ProtectProc: 'invisible',
    ProtectSystem: 'strict',
    RestrictAddressFamilies: 'AF_INET AF_INET6 AF_UNIX',
    RestrictNamespaces: 'yes',
    SystemCallArchitectures: 'native',
  };
  for (const [name, value] of Object.entries(held)) assert.deepEqual(all(name), [value], name);
  assert.deepEqual(all('SystemCallFilter'), ['@system-service', '~@privileged @resources']);
  // V8 could not compile a line.
  assert.deepEqual(all('MemoryDenyWriteExecute'), []);
});
