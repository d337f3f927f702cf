'use strict';

const fs = require('fs');
const path = require('path');
const { npm } = require('./npm.cjs');

/**
 * Does node_modules hold what the lock file asks for? npm keeps its own record of what it put there, so this is
 * right after `npm ci`, `npm install` and a change of branch alike, and an interrupted install has no record.
 */
function isInstalled(root) {
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const present = readPackages(recordOf(root));
  if (!wanted) throw new Error('package-lock.json is missing: this is not a complete copy of the repository.');
  return present !== null && Object.keys(wanted).every((place) => fits(place, wanted[place], present[place]));
}

async function install(root) {
  // Without its record an install that is interrupted cannot pass for a finished one.
  if (fs.existsSync(recordOf(root))) fs.unlinkSync(recordOf(root));
  // NODE_ENV=production or omit=dev in somebody's settings would leave out the runtime and the page builder.
  await npm(root, ['ci', '--include=dev', '--engine-strict=false', '--no-audit', '--no-fund', '--loglevel=error'], {
    saying: 'Installing packages and the pinned runtime (once, about half a minute)',
    failure: 'Installing failed. Without a network, or behind a proxy that npm does not know, this is expected; npm said:',
  });
}

function fits(place, wanted, present) {
  // Packages for other systems are optional, and npm leaves them out.
  if (!place.includes('node_modules/') || wanted.optional) return true;
  if (!present) return false;
  return wanted.link ? present.link === true : present.version === wanted.version && present.integrity === wanted.integrity;
}

function recordOf(root) {
  return path.join(root, 'node_modules', '.package-lock.json');
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

module.exports = { install, isInstalled };
