// npm run containers: builds the image, and runs it and compose.yaml for real, without Docker. As root on Debian; about six minutes.
//
// The Dockerfile and compose.yaml are used as they are. What no registry is asked for is made here from Debian's packages, under the names that
// they have there: the base image (Debian, and the Node that runs this), PostgreSQL (Debian's version), nginx, and Redis in place of Valkey.
// podman runs containers with runc, by limits that are named, because a container in which this runs may not raise them; health checks are asked by
// a loop where systemd would have timers. Everything is below one temporary folder (up to 6 GB), which is deleted at the end.

import { mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canInstallPackages, installPackages } from '../services/debian-packages.ts';
import { findProgram } from '../services/service.ts';
import { type Engine, openEngine } from './engine.ts';
import { seconds } from './shell.ts';
import { build, makeBase, makeServices } from './stand-ins.ts';
import { tryCompose } from './try-compose.ts';
import { tryImage } from './try-image.ts';

/** One figure of the report. */
export type Say = (what: string, figure: string) => void;

const ROOT = join(import.meta.dirname, '..', '..');
const BASE = 'node:26-slim';
const IMAGE = 'portico:local';
/** Program -> the Debian package that brings it. */
const PROGRAMS = {
  podman: 'podman',
  buildah: 'buildah',
  runc: 'runc',
  mmdebstrap: 'mmdebstrap',
  'docker-compose': 'docker-compose',
  openssl: 'openssl',
} as const;
/** Programs of podman's that are on no PATH. */
const BESIDE = ['netavark', 'aardvark-dns', 'iptables'];
const SPACE = 8e9;

process.exitCode = await main();

async function main(): Promise<number> {
  const missing = Object.entries(PROGRAMS).filter(([program]) => findProgram(program) === null);
  if (!canInstallPackages()) {
    console.error('npm run containers needs root on Debian: it makes images from packages, and networks for containers');
    return 1;
  }
  if (missing.length > 0) await installPackages([...missing.map(([, name]) => name), ...BESIDE]);
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < SPACE) {
    console.error(`npm run containers needs ${SPACE / 1e9} GB in ${tmpdir()}`);
    return 1;
  }
  const root = mkdtempSync(join(tmpdir(), 'portico-containers-'));
  const engine = await openEngine(root);
  const began = performance.now();
  const say: Say = (what, figure) => console.log(`${what}: ${figure}`);
  const stop = (signal: NodeJS.Signals) => void engine.close().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    await tryAll(engine, say);
    say('in all', seconds(began));
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await engine.close();
  }
}

async function tryAll(engine: Engine, say: Say): Promise<void> {
  const making = performance.now();
  await makeBase(engine, BASE);
  say(`${BASE}, made here`, seconds(making));
  const took = await build(engine, ROOT, IMAGE);
  say('the Dockerfile, built', `${(took / 1000).toFixed(1)} s`);
  await tryImage(engine, IMAGE, BASE, say);
  const services = performance.now();
  await makeServices(engine);
  const versions = await Promise.all(
    [['postgres:17', 'postgres', '--version'] as const, ['valkey/valkey:8', 'valkey-server', '--version'] as const].map(
      async ([image, ...command]) =>
        (
          await engine.podman(
            'run',
            '--rm',
            '--ulimit',
            'nofile=10000:10000',
            '--ulimit',
            'nproc=4096:4096',
            '--network',
            'host',
            '--entrypoint',
            command[0],
            image,
            command[1],
          )
        ).trim(),
    ),
  );
  say('images that compose.yaml names, made here', `${seconds(services)} (${versions.join('; ')})`);
  await tryCompose(engine, IMAGE, say);
}
