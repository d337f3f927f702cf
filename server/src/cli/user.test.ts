import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runPortico } from '../../test/portico-process.ts';
import { parseCommand } from '../cli.ts';

test('bad usage of user is told so in one line that says what is missing', () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['user'], /suspend, reinstate or role/],
    [['user', 'remove', 'ada@example.com'], /suspend, reinstate or role/],
    [['user', 'suspend'], /needs the e-mail address/],
    [['user', 'suspend', 'ada'], /needs the e-mail address/],
    [['user', 'suspend', 'ada@example.com', 'now'], /unexpected "now"/],
    [['user', 'suspend', 'ada@example.com', '--reason', 'a\nb'], /--reason takes one line/],
    [['user', 'reinstate', 'ada@example.com', '--reason', 'sorry'], /takes no --reason/],
    [['user', 'reinstate', ''], /needs the e-mail address/],
    [['user', 'role', 'owner'], /needs the e-mail address/],
    [['user', 'role', 'ada@example.com'], /needs one of user, support, admin, owner/],
    [['user', 'role', 'ada@example.com', 'root'], /needs one of user, support, admin, owner/],
    [['user', 'role', 'ada@example.com', 'Owner'], /needs one of user, support, admin, owner/],
    [['user', 'role', 'ada@example.com', 'owner', 'admin'], /unexpected "admin"/],
    [['user', 'role', 'ada@example.com', 'owner', '--reason', 'x'], /takes no --reason/],
  ];
  for (const [argv, sentence] of wrong) {
    const parsed = parseCommand(argv);
    assert.equal(parsed.kind, 'bad-usage', argv.join(' '));
    assert.match(parsed.kind === 'bad-usage' ? parsed.problem : '', sentence, argv.join(' '));
  }
});

test('an address without an account is answered with exit code 1 and one line', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'portico-user-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  for (const words of [['suspend'], ['reinstate'], ['role', 'admin']]) {
    const [verb = '', ...more] = words;
    const { code, stderr } = await runPortico(['user', verb, 'nobody@example.com', ...more], { PORTICO_DATA_DIR: dataDir });
    assert.deepEqual([code, stderr], [1, 'portico: nobody has an account with nobody@example.com\n']);
  }
});
