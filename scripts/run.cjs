'use strict';
// node scripts/run.cjs FILE …: everything a fresh clone needs, then that TypeScript file on the pinned runtime.

const { launch } = require('./launch/launch.cjs');

const [program, ...args] = process.argv.slice(2);
if (program) {
  void launch({ program: program, args: args, env: {} });
} else {
  console.error('Usage: node scripts/run.cjs FILE [arguments]');
  process.exitCode = 2;
}
