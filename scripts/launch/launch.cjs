'use strict';
// The files of this folder are what an old Node on the PATH runs before the pinned one is there:
// CommonJS, no dependencies, no syntax that Node 12 does not know.

const fs = require('fs');
const path = require('path');
const { spawn } = require('child_process');
const { constants } = require('os');
const { buildPages, pagesAreBuilt } = require('./build-pages.cjs');
const { install, isInstalled } = require('./install.cjs');
const { withLock } = require('./lock.cjs');
const { findRuntime, runtimeAdvice } = require('./runtime.cjs');

const ROOT = path.resolve(__dirname, '..', '..');
const CALLERS_LOOK = 1000;

/**
 * Makes the tree ready, then runs `program` (a path from the root) on the pinned runtime
 * and ends with its exit code.
 */
async function launch({ program, args, env }) {
  const callers = callersOf(process.ppid);
  try {
    await makeReady(ROOT);
    const runtime = requireRuntime(ROOT);
    const child = spawn(runtime, [path.join(ROOT, program)].concat(args), {
      cwd: ROOT,
      env: Object.assign({}, process.env, env),
      stdio: 'inherit',
    });
    forwardSignals(child);
    endWithNpm(child, callers);
    child.on('error', (error) => fail(new Error(`${runtime} could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code));
  } catch (error) {
    fail(error);
  }
}

async function makeReady(root) {
  if (isInstalled(root) && pagesAreBuilt(root)) return;
  await withLock(root, async () => {
    // Whoever held the lock before us may have done the work.
    if (!isInstalled(root)) await install(root);
    requireRuntime(root);
    if (!pagesAreBuilt(root)) await buildPages(root);
  });
}

function requireRuntime(root) {
  const runtime = findRuntime(root);
  if (!runtime) throw new Error(runtimeAdvice(root));
  return runtime;
}

/** On a terminal Ctrl-C reaches the whole process group: passing it on would be a second signal, which cuts a clean end short. */
function forwardSignals(child) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY;
  process.on('SIGINT', () => {
    if (!onTerminal) child.kill('SIGINT');
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
}

/** Between npm and us stands a shell: when one of the two is killed nobody tells us, and nobody wants the server that would stay behind. */
function endWithNpm(child, callers) {
  if (!process.env.npm_lifecycle_event) return;
  const watch = setInterval(() => {
    if (callersOf(process.ppid) === callers) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, CALLERS_LOOK);
}

/** The parent process and, where the system tells, its parent. */
function callersOf(parent) {
  try {
    const stat = fs.readFileSync(`/proc/${parent}/stat`, 'latin1');
    // The program's name, in brackets, may hold anything; what follows is its state and its parent.
    return `${parent} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`;
  } catch {
    return String(parent);
  }
}

function fail(error) {
  console.error(`\n${error.message}`);
  process.exit(error.exitCode || 1);
}

module.exports = { launch };
