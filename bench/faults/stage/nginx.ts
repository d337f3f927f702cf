import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram } from '../../../server/test/outside/clients/program.ts';
import { programPath } from '../../../server/test/outside/programs.ts';
import type { StartFront } from './proxy.ts';

/** Debian's nginx with the configuration that stands in `deploy/proxy`, as people run it before two nodes. */

const SHIPPED = new URL('../../../deploy/proxy/nginx.conf', import.meta.url);

export const startNginx: StartFront = async (ports, port) => {
  return startProgram(programPath('nginx'), port, (folder) => {
    // As root nginx hands the work to processes of another user.
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'written'), { mode: 0o777 });
    chmodSync(join(folder, 'written'), 0o777);
    writeFileSync(join(folder, 'nginx.conf'), fitted(readFileSync(SHIPPED, 'utf8'), folder, ports, port));
    return ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'log'), '-g', 'daemon off;'];
  });
};

/** Nothing is changed but places, and whose address counts: each of the people has one of their own. Throws where the file has become another. */
function fitted(shipped: string, folder: string, ports: readonly number[], port: number): string {
  const servers = ports.map((each) => `server 127.0.0.1:${each}`);
  const changes: readonly (readonly [string, string])[] = [
    ['/tmp/', `${folder}/written/`],
    ['/dev/stderr', `${folder}/errors`],
    ['access_log /dev/stdout short;', 'access_log off;'],
    ['server portico-1:4000', servers[0] ?? ''],
    ['server portico-2:4000', servers[1] ?? ''],
    ['include /etc/nginx/listen.conf;', `listen 127.0.0.1:${port};`],
    ['proxy_set_header X-Forwarded-For $remote_addr;', 'proxy_set_header X-Forwarded-For $http_x_forwarded_for;'],
  ];
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`deploy/proxy/nginx.conf has no “${from}” any more`);
    return text.replaceAll(from, to);
  }, shipped);
}
