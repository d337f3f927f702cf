import { DEMO_APPS, type DemoApp, type DemoOrigins } from '@portico/protocol/demo';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { registerDemo, removeDemo } from './demo-clients.ts';
import { type DemoProcess, forkDemo, hasDemo } from './demo-process.ts';
import { forgetDemoSecrets } from './demo-secrets.ts';

export interface Demo {
  stop(): Promise<void>;
}

const NONE: Demo = { stop: async () => undefined };

/** Before the server answers: what is turned off is gone, and nothing of it can be asked for any more. */
export async function settleDemo(deps: Deps): Promise<void> {
  if (deps.config.demo === 'on') return;
  await removeDemo(deps);
  forgetDemoSecrets(deps.config.dataDir);
}

/** After the server answers, so that nobody waits for the demo. Its trouble is said and is nobody else's. */
export function startDemo(deps: Deps, log: Logger, say: (text: string) => void): Demo {
  if (deps.config.demo === 'off' || !hasDemo()) return NONE;
  const demo = forkDemo();
  let stopping = false;
  const opened = openDemo(deps, demo, say).then(
    (serves) => {
      if (serves) void demo.ended.then(() => stopping || log.warn({}, 'the demo has ended; Portico goes on without it'));
    },
    async (cause: unknown) => {
      if (!stopping) log.warn({ err: cause }, 'the demo did not start; Portico goes on without it');
      await demo.stop();
    },
  );
  return {
    stop: async () => {
      stopping = true;
      await demo.stop();
      await opened;
    },
  };
}

async function openDemo(deps: Deps, demo: DemoProcess, say: (text: string) => void): Promise<boolean> {
  const { origin, appOrigin, apiOrigin, port } = deps.config;
  // By the origin, which several servers of one Portico share: they must find one another's demo.
  const firstPort = Number(new URL(origin).port || port) + 1;
  demo.tell({ kind: 'open', issuer: origin, app: appOrigin, api: apiOrigin, url: reachedAt(deps.config), firstPort });
  const opened = await demo.hear();
  if (opened?.kind === 'elsewhere') {
    say(demoScreen(opened.origins, 'started by another server of this Portico'));
    await demo.stop();
    return false;
  }
  if (opened?.kind !== 'opened') throw new Error('it found no ports');
  demo.tell({ kind: 'serve', secrets: await registerDemo(deps, opened) });
  if ((await demo.hear())?.kind !== 'serving') throw new Error('it ended before it served');
  say(demoScreen(opened.origins, 'PORTICO_DEMO=off leaves them out'));
  return true;
}

/** Node does not know the names below `localhost`; the server itself is found by its address. */
function reachedAt({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  return `http://${everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`;
}

const SHOWS: Readonly<Record<DemoApp, string>> = {
  notes: 'a site with a backend, HS256 tokens',
  wiki: 'another one on its own host, ES256 tokens',
  rtk: 'React and RTK Query beside Portico, no backend',
  snake: 'a game on another site, no backend',
  secondary: 'an auth server that takes over the sign-in',
};

function demoScreen(origins: DemoOrigins, aside: string): string {
  const width = Math.max(...DEMO_APPS.map((app) => origins[app].length));
  const rows = DEMO_APPS.map((app) => `    ${origins[app].padEnd(width)}  ${SHOWS[app]}`);
  return [`  Five apps to try it with (${aside})`, ...rows, '', ''].join('\n');
}
