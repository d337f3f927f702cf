'use strict';
// npm test: everything a fresh clone needs, then every test. With --prove the full counts.

const { launch } = require('./launch/launch.cjs');

void launch({ program: 'scripts/run-tests.ts', args: process.argv.slice(2), env: {} });
