import { Refusal } from '@portico/protocol/errors';
import { changeRole } from '../accounts/change-role.ts';
import type { Email } from '../accounts/email.ts';
import { reinstateUser, suspendUser } from '../accounts/suspend-user.ts';
import { findUserByEmail } from '../accounts/user.ts';
import { commandLine } from './command-line.ts';
import type { UserCommand } from './user-words.ts';
import { withDeps } from './with-deps.ts';

type Asked<Kind extends UserCommand['kind']> = Extract<UserCommand, { kind: Kind }>;

export async function suspend({ email, reason, json }: Asked<'user-suspend'>): Promise<number> {
  const done = await withDeps(async (deps) => {
    const user = await findUserByEmail(deps.db, email);
    if (user === null) return unknown(email);
    return (await suspendUser(deps, commandLine(deps), { userId: user.id, reason })) ?? `${email.text} is suspended already`;
  }).catch((cause: unknown) => lastOwner(cause, email));
  if (typeof done === 'string') return failed(done);
  console.log(
    json
      ? JSON.stringify({ email: email.text, suspended: true, sessions: done.ended })
      : `suspended ${email.text}; ${done.ended} sessions ended with it`,
  );
  return 0;
}

export async function reinstate({ email, json }: Asked<'user-reinstate'>): Promise<number> {
  const problem = await withDeps(async (deps) => {
    const user = await findUserByEmail(deps.db, email);
    if (user === null) return unknown(email);
    return (await reinstateUser(deps, commandLine(deps), { userId: user.id })) ? null : `${email.text} is not suspended`;
  });
  if (problem !== null) return failed(problem);
  console.log(json ? JSON.stringify({ email: email.text, suspended: false }) : `${email.text} may sign in again`);
  return 0;
}

export async function giveRole({ email, role, json }: Asked<'user-role'>): Promise<number> {
  const done = await withDeps(async (deps) => {
    const user = await findUserByEmail(deps.db, email);
    return user === null ? unknown(email) : changeRole(deps, commandLine(deps), { userId: user.id, role });
  }).catch((cause: unknown) => lastOwner(cause, email));
  if (typeof done === 'string') return failed(done);
  const said = done.before === done.after ? `${email.text} is ${role} already` : `${email.text} was ${done.before} and is ${role} now`;
  console.log(json ? JSON.stringify({ email: email.text, before: done.before, role }) : said);
  return 0;
}

function lastOwner(cause: unknown, email: Email): string {
  if (cause instanceof Refusal && cause.code === 'last_owner') return `${email.text} is the last owner: make somebody else an owner first`;
  throw cause;
}

const unknown = (email: Email) => `nobody has an account with ${email.text}`;

function failed(sentence: string): number {
  console.error(`portico: ${sentence}`);
  return 1;
}
