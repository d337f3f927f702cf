'use strict';

const path = require('path');
const { spawn } = require('child_process');

const PROGRESS_EVERY = 5000;

/** Runs npm quietly with a sign of life every five seconds; what it printed is shown only when it fails. */
function npm(root, args, { saying, failure }) {
  const began = Date.now();
  console.log(`${saying}…`);
  return new Promise((resolve, reject) => {
    const { command, before, shell } = npmCommand();
    const child = spawn(command, before.concat(args), { cwd: root, shell: shell, stdio: ['ignore', 'pipe', 'pipe'] });
    const seconds = () => Math.round((Date.now() - began) / 1000);
    const progress = setInterval(() => console.log(`  … ${seconds()} s`), PROGRESS_EVERY);
    const output = [];
    const stop = (signal) => child.kill(signal);
    process.once('SIGINT', stop).once('SIGTERM', stop);
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      clearInterval(progress);
      process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
      if (code === 0) {
        console.log(`  done in ${seconds()} s`);
        resolve();
        return;
      }
      const problem = new Error(signal ? 'Interrupted.' : `${failure}\n\n${Buffer.concat(output).toString().trim()}`);
      reject(Object.assign(problem, { exitCode: signal ? 130 : code }));
    });
  });
}

/** The npm that called us, on the Node it runs on: the pinned Node may be replaced under our feet. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli && path.basename(cli) === 'npm-cli.js') {
    return { command: process.env.npm_node_execpath || process.execPath, before: [cli], shell: false };
  }
  return { command: 'npm', before: [], shell: process.platform === 'win32' };
}

module.exports = { npm };
