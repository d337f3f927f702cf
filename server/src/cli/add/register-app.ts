import { checkClient } from '../../clients/check-client.ts';
import { type Client, listClientsServedAt } from '../../clients/client.ts';
import { sentencesOf } from '../../clients/client-problem.ts';
import { newAuthenticationSecret } from '../../clients/make-secret.ts';
import { inventClientId, registerClient } from '../../clients/register-client.ts';
import type { Deps } from '../../deps.ts';
import { commandLine } from '../command-line.ts';
import type { App } from './detect-app.ts';
import { keepSecret } from './keep-secret.ts';
import { planClient } from './plan-client.ts';

export interface AppToAdd {
  readonly app: App;
  readonly origin: string;
  /** Null: made from the name. */
  readonly id: string | null;
  readonly folder: string;
}

export type AddedApp =
  | { readonly kind: 'registered' | 'there'; readonly client: Client }
  | { readonly kind: 'refused'; readonly problems: readonly string[]; readonly usage: boolean };

/** Registers the app and keeps its secret in its folder: both, or neither. What is registered at the origin already stays as it is. Throws StartProblem. */
export async function registerApp(deps: Deps, wanted: AppToAdd): Promise<AddedApp> {
  const { app, origin, folder } = wanted;
  const before = await findThere(deps, wanted);
  if (before !== null) return before;
  const id = wanted.id ?? inventClientId(deps, app.name);
  const wish = planClient(app, origin, id);
  const checked = checkClient(wish);
  if (checked.kind === 'bad') return { kind: 'refused', problems: sentencesOf(checked.problems), usage: true };
  const secret = app.kind === 'web' ? newAuthenticationSecret(deps) : null;
  // Written first: what was registered could not be taken back without a trace, and its secret is told only once.
  const undo = secret === null ? () => undefined : keepSecret(folder, id, secret.secret);
  try {
    const registration = await registerClient(
      deps,
      commandLine(deps),
      wish,
      secret === null ? { onlyAt: origin } : { onlyAt: origin, secret },
    );
    if (registration.kind === 'registered') return registration;
    undo();
    // Another `portico add` of the same app may have been faster.
    return (await findThere(deps, wanted)) ?? { kind: 'refused', problems: sentencesOf(registration.problems), usage: false };
  } catch (cause) {
    undo();
    throw cause;
  }
}

async function findThere(deps: Deps, { app, origin, id }: AppToAdd): Promise<AddedApp | null> {
  const [client] = await listClientsServedAt(deps.db, origin);
  if (client === undefined) return null;
  if (client.kind === app.kind && (id === null || id === client.id)) return { kind: 'there', client };
  const problem = `${origin} is registered already, as ${client.id} (${client.kind}): portico client remove ${client.id} makes room`;
  return { kind: 'refused', problems: [problem], usage: false };
}
