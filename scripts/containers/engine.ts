import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endChild, must, type Output, run, until } from './shell.ts';

/** podman, buildah and docker-compose with everything that they keep below one folder. */
export interface Engine {
  readonly root: string;
  podman(...args: readonly string[]): Promise<string>;
  /** The same, where an end other than 0 is an answer. */
  tryPodman(...args: readonly string[]): Promise<Output>;
  buildah(...args: readonly string[]): Promise<string>;
  /** `docker-compose` in a folder, by podman's service. */
  compose(folder: string, ...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** Where seccomp, cgroups and systemd are those of an ordinary machine none of this is needed; inside a container it is. */
export const PODMAN_FLAGS = ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
/** Where the process that starts containers may not raise its limits, theirs must be named. */
export const RUN_FLAGS = ['--ulimit', 'nofile=10000:10000', '--ulimit', 'nproc=4096:4096', '--network', 'host', '--no-healthcheck'];

export async function openEngine(root: string): Promise<Engine> {
  mkdirSync(root, { recursive: true });
  const store = ['--root', join(root, 'store'), '--runroot', join(root, 'run'), '--storage-driver', await findDriver(root)];
  // Without it podman asks systemd to run the health checks, and fails where there is none.
  const env = { ...process.env, DISABLE_HC_SYSTEMD: 'true', TMPDIR: root };
  const podmanArgs = (args: readonly string[]) => [...store, ...PODMAN_FLAGS, ...args];
  const socket = join(root, 'podman.sock');
  const service: ChildProcess = spawn('podman', podmanArgs(['system', 'service', '--time', '0', `unix://${socket}`]), {
    env,
    stdio: 'ignore',
  });
  await until('podman system service', 20_000, async () => existsSync(socket));

  const podman = (...args: readonly string[]) => must('podman', podmanArgs(args), { env });
  const tryPodman = (...args: readonly string[]) => run('podman', podmanArgs(args), { env });
  const doctor = askHealth(tryPodman);
  let closing: Promise<void> | null = null;
  const close = async () => {
    await doctor.stop();
    await tryPodman('rm', '--all', '--force', '--volumes', '--time', '1');
    await tryPodman('network', 'prune', '--force');
    await endChild(service);
    await run('umount', ['--lazy', join(root, 'store', 'overlay')]);
    // What was mounted may need a moment to go.
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  };
  return {
    root,
    podman,
    tryPodman,
    buildah: (...args) => must('buildah', [...store, ...args], { env, within: 1_200_000 }),
    compose: (folder, ...args) =>
      must('docker-compose', args, { cwd: folder, env: { ...env, DOCKER_HOST: `unix://${socket}`, COMPOSE_PROJECT_NAME: 'portico-try' } }),
    // Whoever interrupts it and whoever began it may both ask.
    close: () => (closing ??= close()),
  };
}

/** Layers laid over each other where the file system can; else copies, which take ten times the room and the time. */
async function findDriver(root: string): Promise<'overlay' | 'vfs'> {
  const place = join(root, 'probe');
  const args = ['--root', place, '--runroot', join(root, 'probe-run'), '--storage-driver', 'overlay', 'info'];
  const { code } = await run('podman', args, { within: 60_000 });
  await run('umount', ['--lazy', join(place, 'overlay')]);
  return code === 0 ? 'overlay' : 'vfs';
}

/** In place of systemd's timers: every container that has a health check is asked, one after the other. */
function askHealth(tryPodman: (...args: readonly string[]) => Promise<Output>): { stop(): Promise<void> } {
  let stopped = false;
  const rounds = (async () => {
    while (!stopped) {
      const { text } = await tryPodman(
        'ps',
        '--quiet',
        '--filter',
        'health=starting',
        '--filter',
        'health=healthy',
        '--filter',
        'health=unhealthy',
      );
      for (const id of text.split('\n').filter((line) => /^[0-9a-f]{12}$/.test(line)))
        if (!stopped) await tryPodman('healthcheck', 'run', id);
      await sleep(500);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await rounds;
    },
  };
}
