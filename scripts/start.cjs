'use strict';
// npm start: everything a fresh clone needs, then the server with development defaults.

const { launch } = require('./launch/launch.cjs');

void launch({
  program: 'server/bin/portico.js',
  args: ['start'].concat(process.argv.slice(2)),
  env: { NODE_ENV: process.env.NODE_ENV || 'development' },
});
