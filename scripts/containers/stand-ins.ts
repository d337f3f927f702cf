import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Engine } from './engine.ts';
import { must, run } from './shell.ts';

/**
 * Images under the names that Dockerfile and compose.yaml use, where no registry can be asked: Debian's packages, and the Node that runs
 * this. They stand in for the official ones and are not them: PostgreSQL is Debian's version, Redis stands in for Valkey.
 */

const FOLDER = join(import.meta.dirname, 'stand-ins');
const DEBIAN = 'localhost/debian:stand-in';

/** Names as compose.yaml has them, and the file below stand-ins/ that makes each. */
export const SERVICES = {
  'docker.io/library/postgres:17': 'postgres',
  'docker.io/valkey/valkey:8': 'valkey',
  'docker.io/library/nginx:1.28': 'nginx',
} as const;

/** The base of the Dockerfile: a small Debian, the Node that runs this and the npm beside it. */
export async function makeBase(engine: Engine, image: string): Promise<void> {
  const tar = join(engine.root, 'debian.tar');
  // Node's own libraries, and what npm checks certificates with.
  await must('mmdebstrap', ['--variant=minbase', '--include=ca-certificates,libstdc++6,libatomic1', 'bookworm', tar], { within: 900_000 });
  await engine.podman('import', '--change', 'CMD ["sh"]', tar, DEBIAN);
  const context = join(engine.root, 'node');
  mkdirSync(join(context, 'bin'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(context, 'bin', 'node'));
  cpSync(await findNpm(), join(context, 'npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(context, 'bin', 'npm'));
  // Whom this machine trusts: a registry may be reached by a proxy of its own.
  cpSync('/etc/ssl/certs/ca-certificates.crt', join(context, 'ca-certificates.crt'), { dereference: true });
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM ${DEBIAN}
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY bin /usr/local/bin
COPY npm /usr/local/lib/node_modules/npm
RUN mkdir -p /usr/local/etc && echo cafile=/etc/ssl/certs/ca-certificates.crt > /usr/local/etc/npmrc
CMD ["node"]
`,
  );
  await build(engine, context, `docker.io/library/${image}`);
}

export async function makeServices(engine: Engine): Promise<void> {
  for (const [image, name] of Object.entries(SERVICES)) await build(engine, join(FOLDER, name), image);
}

/** Returns how long it took, in milliseconds. */
export async function build(engine: Engine, context: string, image: string): Promise<number> {
  const began = performance.now();
  await engine.buildah('build', '--isolation', 'chroot', '--pull=never', '--format', 'docker', '--tag', image, context);
  return performance.now() - began;
}

async function findNpm(): Promise<string> {
  const { text } = await run('sh', ['-c', 'readlink -f "$(command -v npm)"']);
  return dirname(dirname(realpathSync(text.trim().split('\n').at(-1) ?? '')));
}
