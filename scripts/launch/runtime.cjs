'use strict';

const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');

const OLDEST = [24, 15];

/** Is a version such as 'v24.15.0' new enough to run Portico? */
function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** The pinned runtime of node_modules, else the Node that runs this file if it is new enough, else null. */
function findRuntime(root) {
  const pinned = path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (works(pinned)) return pinned;
  return isNewEnough(process.version) ? process.execPath : null;
}

function works(pinned) {
  if (!fs.existsSync(pinned)) return false;
  if (fs.realpathSync(pinned) === fs.realpathSync(process.execPath)) return true;
  // A file alone proves little: a half-written download or another machine's binary (musl, another processor) does not run.
  const answer = spawnSync(pinned, ['--version'], { encoding: 'utf8' });
  return answer.status === 0 && isNewEnough(answer.stdout.trim());
}

function runtimeAdvice(root) {
  const oldest = OLDEST.join('.');
  const missing = fs.existsSync(path.join(root, 'node_modules', 'node', 'bin'))
    ? 'The runtime that comes with this repository does not run on this machine'
    : 'The runtime that comes with this repository is missing: npm was told not to run install scripts (ignore-scripts)';
  return [
    `${missing}, and the Node on your PATH is ${process.version}; Portico needs ${oldest} or newer. Do one of these, then try again:`,
    '  - npm rebuild node --ignore-scripts=false (fetches the runtime into node_modules)',
    `  - install Node ${oldest} or newer (it is then used as it is)`,
  ].join('\n');
}

module.exports = { findRuntime, isNewEnough, runtimeAdvice };
