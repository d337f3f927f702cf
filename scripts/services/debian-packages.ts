import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram } from './service.ts';

export function canInstallPackages(): boolean {
  return process.getuid?.() === 0 && findProgram('apt-get') !== null;
}

/** Debian asks this program before it starts a service; 101 says no. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs Debian packages. The package lists are fetched only when the installation needs newer ones. Throws with apt's words.
 * A server that comes with a package is not started: the tests start their own, and somebody's port 80 is none of their business.
 */
export async function installPackages(packages: readonly string[], policy = POLICY): Promise<void> {
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await install(packages);
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}

/** A mirror that says nothing for half a minute is asked again, three times. */
const SLOW_MIRROR = ['-o', 'Acquire::Retries=3', '-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::https::Timeout=30'];

async function install(packages: readonly string[]): Promise<void> {
  const first = await aptGet(['install', '--yes', '--no-install-recommends', ...packages]);
  if (first.code === 0) return;
  const update = await aptGet(['update']);
  if (update.code !== 0) throw new Error(`apt-get update failed:\n${update.output}`);
  const second = await aptGet(['install', '--yes', '--no-install-recommends', ...packages]);
  if (second.code !== 0) throw new Error(`apt-get install ${packages.join(' ')} failed:\n${second.output}`);
}

function aptGet(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', ['--quiet=2', '-o', 'DPkg::Lock::Timeout=120', ...args, ...SLOW_MIRROR], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString().trim() }));
  });
}
