import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installPackages } from './debian-packages.ts';

/** Puts an apt-get on the PATH that writes down its calls; `install` works once `fresh` exists, `update` makes it. */
function fakeAptGet(
  t: TestContext,
  { fresh, network }: { readonly fresh: boolean; readonly network: boolean },
): { readonly calls: () => readonly string[]; readonly policy: string } {
  const folder = mkdtempSync(join(tmpdir(), 'portico-apt-'));
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  t.after(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });
  const script = `#!/bin/sh
cd '${folder}'
echo "$4 $DEBIAN_FRONTEND" >>calls
[ -x policy-rc.d ] && ./policy-rc.d
[ $? = 101 ] || echo "services start" >>calls
if [ "$4" = update ]; then ${network ? 'touch fresh' : 'echo no network; exit 100'}; fi
[ -e fresh ] || { echo "E: Unable to locate package"; exit 100; }
`;
  writeFileSync(join(folder, 'apt-get'), script, { mode: 0o755 });
  if (fresh) writeFileSync(join(folder, 'fresh'), '');
  return { calls: () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n'), policy: join(folder, 'policy-rc.d') };
}

test('packages are installed without fetching the package lists when those are fresh', async (t) => {
  const { calls, policy } = fakeAptGet(t, { fresh: true, network: true });
  await installPackages(['spin'], policy);
  assert.deepEqual(calls(), ['install noninteractive']);
});

test('stale package lists are fetched once, and the installation is tried again', async (t) => {
  const { calls, policy } = fakeAptGet(t, { fresh: false, network: true });
  await installPackages(['spin'], policy);
  assert.deepEqual(calls(), ['install noninteractive', 'update noninteractive', 'install noninteractive']);
});

test("when the network is gone, apt's own words are in the error", async (t) => {
  const { policy } = fakeAptGet(t, { fresh: false, network: false });
  await assert.rejects(installPackages(['spin'], policy), /apt-get update failed:\nno network/);
});

test('no service is started by an installation, and the machine is left as it was', async (t) => {
  const { calls, policy } = fakeAptGet(t, { fresh: true, network: true });
  await installPackages(['nginx-light'], policy);
  assert.ok(!calls().includes('services start'));
  assert.ok(!existsSync(policy));
  writeFileSync(policy, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await installPackages(['nginx-light'], policy);
  assert.ok(calls().includes('services start'), 'where the machine has a policy of its own, that one counts');
  assert.ok(existsSync(policy));
});
