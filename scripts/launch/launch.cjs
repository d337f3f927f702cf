'use strict';
// The files of this folder are what an old Node on the PATH runs before the pinned one is there:
// CommonJS, no dependencies, no syntax that Node 12 does not know.

const path = require('path');
const { spawn } = require('child_process');
const { constants } = require('os');
const { buildPages, pagesAreBuilt } = require('./build-pages.cjs');
const { install, isInstalled } = require('./install.cjs');
const { isLocked, withLock } = require('./lock.cjs');
const { findRuntime, runtimeAdvice } = require('./runtime.cjs');

const ROOT = path.resolve(__dirname, '..', '..');
const PARENT_LOOK = 500;

/**
 * Makes the tree ready, then runs `program` (a path from the root) on the pinned runtime
 * and ends with its exit code.
 */
async function launch({ program, args, env }) {
  const parent = process.ppid;
  try {
    await makeReady(ROOT);
    const runtime = requireRuntime(ROOT);
    const child = spawn(runtime, [path.join(ROOT, program)].concat(args), {
      cwd: ROOT,
      env: Object.assign({}, process.env, env),
      stdio: 'inherit',
    });
    forwardSignals(child);
    endWithNpm(child, parent);
    child.on('error', (error) => fail(new Error(`${runtime} could not be started: ${error.message}`)));
    child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code));
  } catch (error) {
    fail(error);
  }
}

async function makeReady(root) {
  // While another process installs, node_modules can look complete without being so: wait for its lock.
  if (!isLocked(root) && isInstalled(root) && pagesAreBuilt(root)) return;
  await withLock(root, async () => {
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
  process.on('SIGHUP', () => child.kill('SIGHUP'));
}

/** Killing npm kills the shell between it and us without a word to us; nobody wants the server that would stay behind. */
function endWithNpm(child, parent) {
  if (!process.env.npm_lifecycle_event) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, PARENT_LOOK);
}

function fail(error) {
  console.error(`\n${error.message}`);
  process.exit(error.exitCode || 1);
}

module.exports = { launch, makeReady };
