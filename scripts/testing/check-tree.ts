import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { FileResult } from './run-file.ts';

/** What is checked about the source itself; each counts as one test. */
const CHECKS = [
  { name: 'type check', script: 'typecheck' },
  { name: 'lint', script: 'lint' },
  { name: 'format', script: 'format:check' },
] as const;

/** Runs the npm scripts of that name, one after the other, and hands each result on as it comes. */
export async function checkTree(root: string, signal: AbortSignal, report: (result: FileResult) => void): Promise<void> {
  for (const { name, script } of CHECKS) {
    if (signal.aborted) return;
    const began = performance.now();
    const { code, output } = await npmRun(root, script, signal);
    const milliseconds = performance.now() - began;
    const kind = code === 0 ? 'passed' : 'failed';
    report({
      file: name,
      outcomes: [{ kind, name: `npm run ${script}`, milliseconds, where: '', why: '' }],
      milliseconds,
      output,
      notes: [],
    });
  }
}

function npmRun(root: string, script: string, signal: AbortSignal): Promise<{ readonly code: number | null; readonly output: string }> {
  const cli = process.env.npm_execpath;
  const [command, before] = cli !== undefined && basename(cli) === 'npm-cli.js' ? [process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...before, 'run', '--silent', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], signal });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => (signal.aborted ? resolve({ code: null, output: '' }) : reject(error)));
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString() }));
  });
}
