'use strict';

const fs = require('fs');
const path = require('path');
const { npm } = require('./npm.cjs');

/** Whose pages are built; the demo's are left out where somebody has left out the demo. */
const BUILT = ['ui', 'examples/rtk-app', 'examples/demo'];
/** What goes into them besides. */
const SOURCES = ['protocol/src', 'sdk/client/src'];

/** Are the built pages younger than everything they are made of? Sizes and times decide: reading the files would cost more than it saves. */
function pagesAreBuilt(root) {
  try {
    return fs.readFileSync(stampOf(root), 'utf8') === fingerprint(root);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

async function buildPages(root) {
  // Taken before the build: what is edited while it runs makes the next start build again.
  const made = fingerprint(root);
  const workspaces = present(root, BUILT).map((folder) => `--workspace=${folder}`);
  await npm(root, ['run', 'build', '--silent'].concat(workspaces), {
    saying: 'Building the pages (after each change, some seconds)',
    failure: 'Building the pages failed:',
  });
  fs.writeFileSync(stampOf(root), made);
}

function fingerprint(root) {
  const lockFile = path.join(root, 'package-lock.json');
  return present(root, BUILT.concat(SOURCES))
    .reduce((files, folder) => files.concat(filesUnder(path.join(root, folder))), [lockFile])
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => {
      const { mtimeMs, size } = fs.statSync(file);
      return `${path.relative(root, file)} ${size} ${mtimeMs}\n`;
    })
    .sort()
    .join('');
}

function present(root, folders) {
  return folders.filter((folder) => fs.existsSync(path.join(root, folder)));
}

function filesUnder(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((found, entry) => {
    if (entry.name[0] === '.' || entry.name === 'node_modules' || entry.name === 'dist') return found;
    const place = path.join(folder, entry.name);
    return found.concat(entry.isDirectory() ? filesUnder(place) : [place]);
  }, []);
}

function stampOf(root) {
  return path.join(root, 'ui', 'dist', '.stamp');
}

module.exports = { buildPages, pagesAreBuilt };
