'use strict';
// Two `npm start` in one fresh clone: the second waits for the first instead of deleting node_modules under it.

const fs = require('fs');
const os = require('os');
const path = require('path');

const LOOK_AGAIN = 250;
const HEARTBEAT = 2000;
/** A holder in another container has a process id that says nothing here: there only its heart-beat counts. */
const SILENT = 30000;

/** Runs `work` while holding the tree's lock; waits for whoever holds it, and takes it over from the dead. */
async function withLock(root, work) {
  const lock = lockOf(root);
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  const mine = `${process.pid} ${os.hostname()} ${Date.now()} ${Math.random()}`;
  let told = false;
  while (!take(lock, mine)) {
    const holder = read(lock);
    if (holder !== null && isDead(lock, holder)) {
      bury(lock, holder);
      continue;
    }
    if (!told) console.log('Another process is installing or building here; waiting for it…');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
  const beat = setInterval(() => {
    if (read(lock) === mine) fs.utimesSync(lock, new Date(), new Date());
  }, HEARTBEAT);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (read(lock) === mine) fs.unlinkSync(lock);
  }
}

/** A hard link appears with its content or not at all: nobody can read a lock that does not yet name its holder. */
function take(lock, mine) {
  const draft = `${lock}.${process.pid}`;
  fs.writeFileSync(draft, mine);
  try {
    fs.linkSync(draft, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.unlinkSync(draft);
  }
}

function isDead(lock, holder) {
  const [pid, host] = holder.split(' ');
  try {
    if (Date.now() - fs.statSync(lock).mtimeMs > SILENT) return true;
    if (host === os.hostname()) process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Two waiters may bury at once: whoever moved a fresh lock away by mistake puts it back. */
function bury(lock, holder) {
  const grave = `${lock}.${process.pid}.old`;
  try {
    fs.renameSync(lock, grave);
    if (read(grave) !== holder) fs.linkSync(grave, lock);
    fs.unlinkSync(grave);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

function read(lock) {
  try {
    return fs.readFileSync(lock, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function lockOf(root) {
  return path.join(root, '.cache', 'install.lock');
}

module.exports = { withLock };
