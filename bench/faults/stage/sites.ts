import { randomBytes } from 'node:crypto';
import { offerSetup } from '../../../server/src/accounts/offer-setup.ts';
import { commandLine } from '../../../server/src/cli/command-line.ts';
import type { ClientWish } from '../../../server/src/clients/check-client.ts';
import { sentencesOf } from '../../../server/src/clients/client-problem.ts';
import { registerClient } from '../../../server/src/clients/register-client.ts';
import { readConfig } from '../../../server/src/config.ts';
import type { Deps } from '../../../server/src/deps.ts';
import { silentLog } from '../../../server/src/platform/log.ts';
import { createDeps } from '../../../server/src/wire.ts';
import type { Site } from '../../../server/test/sites.ts';

/** What an operator did on the command line before anybody came. */
export interface Installation {
  /** A site with a backend and a secret. */
  readonly notes: Site;
  /** A public client: its tokens live in the browser. */
  readonly reader: Site;
  /** The link that makes its opener the owner. */
  readonly setupLink: string;
}

const CALLBACK = '/auth/callback';

/** Migrates, makes the keys, registers two sites that nobody is asked about, and a link for the first owner. */
export async function settleInstallation(settings: Readonly<Record<string, string>>): Promise<Installation> {
  const { deps, close } = await createDeps(readConfig(settings), silentLog);
  try {
    return {
      notes: await register(deps, { id: 'notes', name: 'Notes', kind: 'web', confirmation: 'auto' }),
      reader: await register(deps, {
        id: 'reader',
        name: 'Reader',
        kind: 'spa',
        confirmation: 'auto',
        origins: ['https://reader.example.net'],
      }),
      setupLink: (await offerSetup(deps, commandLine(deps), { madeBy: 'command_line' })).link,
    };
  } finally {
    await close();
  }
}

async function register(deps: Deps, wish: ClientWish & { readonly id: string }): Promise<Site> {
  const redirectUri = `https://${wish.id}.example.net${CALLBACK}`;
  const done = await registerClient(deps, commandLine(deps), { ...wish, redirectUris: [redirectUri] });
  if (done.kind === 'refused') throw new Error(`${wish.id} cannot be registered: ${sentencesOf(done.problems).join('; ')}`);
  return { id: wish.id, secret: done.secret?.secret ?? null, redirectUri };
}

/** For every node the same. */
export function newMasterKey(): string {
  return randomBytes(32).toString('base64url');
}
