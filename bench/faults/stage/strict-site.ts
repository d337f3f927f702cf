import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Site } from '../../../server/test/sites.ts';

/** A site in a process of its own whose routes verify tokens by themselves: `reject` and `revalidate` are its strict ones. */
export interface StrictSite {
  readonly port: number;
  close(): Promise<void>;
}

export const STRICT_ROUTES = ['/revalidate', '/reject'] as const;

export async function startStrictSite(issuer: string, site: Site): Promise<StrictSite> {
  const options = { issuer, audience: site.id, clientSecret: site.secret };
  const program = fileURLToPath(new URL('./strict-site-process.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const [{ port }] = (await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => {
      throw new Error(`the protected site ended with ${String(code)}`);
    }),
  ])) as [{ port: number }];
  return {
    port,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
