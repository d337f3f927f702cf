import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HELP, parseCommand } from '../../server/src/cli.ts';
import { JOBS } from '../../server/src/jobs/index.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');

test('docs/cli.md shows the help text as the command prints it', () => {
  assert.ok(page.includes(`\`\`\`text\n${HELP}\`\`\``));
});

test('docs/cli.md lists the jobs that there are, and how often each is done', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d+) s \|/gm)].map(([, name, seconds]) => [name, Number(seconds) * 1000]);
  assert.deepEqual(
    rows,
    Object.entries(JOBS).map(([name, { every }]) => [name, every]),
  );
});

test('docs/cli.md names only commands that the command line understands', () => {
  const inline = [...page.matchAll(/`portico ([^`]+)`/g)];
  const blocks = [...page.matchAll(/^portico ([^#\n]+)/gm)];
  const commands = [...inline, ...blocks].map(([, words = '']) => words.trim());
  assert.ok(commands.length > 3);
  for (const command of commands) assert.notEqual(parseCommand(command.split(' ')).kind, 'bad-usage', command);
});
