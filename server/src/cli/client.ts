import { readFileSync } from 'node:fs';
import { ERRORS, Refusal } from '@portico/protocol/errors';
import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import { findUserByEmail } from '../accounts/user.ts';
import { checkClient } from '../clients/check-client.ts';
import { type Client, findClient, listClients } from '../clients/client.ts';
import { sentencesOf } from '../clients/client-problem.ts';
import { findClientRoles } from '../clients/client-role.ts';
import { type RegisteredClient, registerClient } from '../clients/register-client.ts';
import { disableClient, enableClient, removeClient } from '../clients/retire-client.ts';
import { replaceKeys, rotateSecret, rotateSigningSecret } from '../clients/rotate-secret.ts';
import { setRoles } from '../clients/set-roles.ts';
import type { ClientCommand } from './client-words.ts';
import { commandLine } from './command-line.ts';
import { withDeps } from './with-deps.ts';

type Asked<Kind extends ClientCommand['kind']> = Extract<ClientCommand, { kind: Kind }>;

/** Exit code 2 for what can be seen to be wrong, 1 for what only this installation knows: a taken name, an unknown audience. */
export async function addClient({ wish, jwksFile, json }: Asked<'client-add'>): Promise<number> {
  const jwks = jwksFile === null ? null : readKeys(jwksFile);
  if (jwks instanceof Error) return failed(jwks.message);
  const whole = jwks === null ? wish : { ...wish, jwks };
  const checked = checkClient(whole);
  if (checked.kind === 'bad') return failed(sentencesOf(checked.problems).join('; '), 2);
  const { registration, origin } = await withDeps(async (deps) => ({
    registration: await registerClient(deps, commandLine(deps), whole),
    origin: deps.config.origin,
  }));
  if (registration.kind === 'refused') return failed(sentencesOf(registration.problems).join('; '));
  if (json) console.log(JSON.stringify(secretsOf(registration)));
  else process.stdout.write(welcome(registration, origin));
  return 0;
}

function secretsOf({ client, secret, signingSecret }: RegisteredClient): object {
  const jwt = signingSecret === null ? {} : { jwt_secret: signingSecret.secret, jwt_secret_id: signingSecret.id };
  return { client_id: client.id, client_secret: secret?.secret ?? null, ...jwt };
}

/** What to do next, with the secrets that are shown this once. */
function welcome({ client, secret, signingSecret }: RegisteredClient, origin: string): string {
  const shown = secret !== null || signingSecret !== null;
  const lines = [
    `added ${client.name} (${client.kind})`,
    `  client id      ${client.id}`,
    ...(secret === null ? [] : [`  client secret  ${secret.secret}`]),
    ...(signingSecret === null ? [] : [`  JWT secret     ${signingSecret.secret}   (kid ${signingSecret.id})`]),
    ...(shown ? ['Keep what is secret now: it is not shown again.'] : []),
    ...next(client, origin),
  ];
  return `${lines.join('\n')}\n`;
}

function next({ id, kind, authentication, redirectUris, scopes }: Client, origin: string): string[] {
  if (kind === 'machine') {
    const proof = authentication === 'secret' ? ` -u '${id}:SECRET'` : ` -d client_assertion=…`;
    return ['Next: ask for a token', `  curl${proof} -d grant_type=client_credentials ${origin}${OAUTH.token}`];
  }
  return [
    'Next: tell your OpenID Connect library',
    `  issuer         ${origin}   (${origin}${SYSTEM.openIdConfiguration})`,
    ...redirectUris.map((uri) => `  redirect URI   ${uri}`),
    `  scope          ${scopes.join(' ')}`,
    `  PKCE           S256`,
  ];
}

export async function listSites({ json }: Asked<'client-list'>): Promise<number> {
  const clients = await withDeps((deps) => listClients(deps.db));
  if (json) {
    console.log(JSON.stringify({ clients: clients.map(described) }));
    return 0;
  }
  if (clients.length === 0) console.log('there are no client sites; portico client add registers one');
  for (const { id, kind, name, disabledAt } of clients)
    console.log(`${id}  ${kind}  ${name}${disabledAt === null ? '' : `  disabled ${moment(disabledAt)}`}`);
  return 0;
}

function described(client: Client): object {
  const { id, jwks, disabledAt, createdAt, cv: _, ...rest } = client;
  return {
    client_id: id,
    ...rest,
    jwks: jwks === null ? null : (JSON.parse(jwks) as unknown),
    createdAt: moment(createdAt),
    disabledAt: disabledAt === null ? null : moment(disabledAt),
  };
}

export async function rotate({ id, what, overlap, json }: Asked<'client-rotate-secret'>): Promise<number> {
  const turn = what === 'jwt' ? rotateSigningSecret : rotateSecret;
  const rotated = await withDeps((deps) => turn(deps, commandLine(deps), id, overlap));
  if (rotated.kind === 'refused') return failed(rotated.problem);
  const { made } = rotated;
  const until = moment(rotated.overlapsUntil);
  if (what === 'jwt') {
    if (json) console.log(JSON.stringify({ client_id: id, jwt_secret: made.secret, jwt_secret_id: made.id, signs_from: until }));
    else
      console.log(
        `new JWT secret of ${id}, not shown again: ${made.secret}   (kid ${made.id})\nit signs from ${until}; until then tokens come with the old one`,
      );
    return 0;
  }
  if (json) console.log(JSON.stringify({ client_id: id, client_secret: made.secret, old_secret_until: until }));
  else console.log(`new secret of ${id}, not shown again: ${made.secret}\nthe old one works until ${until}`);
  return 0;
}

export async function changeKeys({ id, jwksFile, json }: Asked<'client-replace-keys'>): Promise<number> {
  const jwks = readKeys(jwksFile);
  if (jwks instanceof Error) return failed(jwks.message);
  const problem = await withDeps((deps) => replaceKeys(deps, commandLine(deps), id, jwks));
  if (problem !== null) return failed(problem);
  console.log(json ? JSON.stringify({ client_id: id, replaced: true }) : `${id} proves itself with the new keys from now on`);
  return 0;
}

export async function retire({ kind, id, json }: Asked<'client-remove' | 'client-disable'>): Promise<number> {
  const act = kind === 'client-remove' ? removeClient : disableClient;
  const done = await withDeps((deps) => act(deps, commandLine(deps), id));
  if (done === null) return unknown(id);
  const word = kind === 'client-remove' ? 'removed' : 'disabled';
  console.log(
    json
      ? JSON.stringify({ client_id: id, [word]: true, signIns: done.ended })
      : `${word} ${id}; ${done.ended} sign-ins there ended with it`,
  );
  return 0;
}

export async function enable({ id, json }: Asked<'client-enable'>): Promise<number> {
  if ((await withDeps((deps) => enableClient(deps, commandLine(deps), id))) === null) return unknown(id);
  console.log(json ? JSON.stringify({ client_id: id, disabled: false }) : `${id} is in service`);
  return 0;
}

export async function roles({ id, email, set, json }: Asked<'client-roles'>): Promise<number> {
  const outcome = await withDeps(async (deps) => {
    const [client, user] = [await findClient(deps.db, id), await findUserByEmail(deps.db, email)];
    if (client === null) return `there is no client ${JSON.stringify(id)}`;
    if (user === null) return `nobody has an account with ${email.text}`;
    if (set === null) return { client, has: await findClientRoles(deps.db, user.id, id) };
    try {
      return { client, has: (await setRoles(deps, commandLine(deps), { userId: user.id, clientId: id, roles: set })).after };
    } catch (cause) {
      if (!(cause instanceof Refusal) || cause.status >= ERRORS.internal) throw cause;
      return cause.code === 'roles_unknown'
        ? `${id} defines no such role: ${client.roles.join(', ') || 'it defines none'}`
        : `${id} or ${email.text} is gone`;
    }
  });
  if (typeof outcome === 'string') return failed(outcome);
  if (json) console.log(JSON.stringify({ client_id: id, user: email.text, roles: outcome.has, defined: outcome.client.roles }));
  else console.log(`${email.text} at ${id}: ${outcome.has.join(', ') || 'no roles'}`);
  return 0;
}

function readKeys(file: string): string | Error {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    return new Error(`the file of --jwks cannot be read (${(cause as Error).message})`);
  }
}

function unknown(id: string): number {
  return failed(`there is no client ${JSON.stringify(id)}`);
}

function failed(sentence: string, code: 1 | 2 = 1): number {
  console.error(`portico: ${sentence}`);
  return code;
}

function moment(at: number): string {
  return new Date(at).toISOString();
}
