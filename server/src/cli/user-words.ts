import { ROLES, type Role } from '@portico/protocol/tokens';
import { type Email, parseEmail } from '../accounts/email.ts';

/** What `portico user …` asks for. */
export type UserCommand =
  | { readonly kind: 'user-suspend'; readonly email: Email; readonly reason: string | null; readonly json: boolean }
  | { readonly kind: 'user-reinstate'; readonly email: Email; readonly json: boolean }
  | { readonly kind: 'user-role'; readonly email: Email; readonly role: Role; readonly json: boolean };

export type UserCommandName = 'user suspend' | 'user reinstate' | 'user role';

export const USER_HELP = `  user suspend EMAIL     shut an account out, now and everywhere; --reason TEXT says why
  user reinstate EMAIL   let it in again
  user role EMAIL ROLE   what it may do in Portico itself: ${ROLES.join(', ')}
`;
export const USER_TAKES: Readonly<Record<UserCommandName, readonly string[]>> = {
  'user suspend': ['json', 'reason'],
  'user reinstate': ['json'],
  'user role': ['json'],
};

const REASON_MAX = 200;

export function nameUserCommand(word: string | undefined): UserCommandName | null {
  return word === 'suspend' || word === 'reinstate' || word === 'role' ? `user ${word}` : null;
}

/** A text is the problem, in one line. */
export function parseUser(
  name: UserCommandName,
  [address = '', word]: readonly string[],
  { json, reason }: { json: boolean; reason?: string | undefined },
): UserCommand | string {
  const email = parseEmail(address);
  if (email === null) return `${name} needs the e-mail address of an account`;
  if (name === 'user reinstate') return { kind: 'user-reinstate', email, json };
  if (name === 'user role') {
    const role = ROLES.find((known) => known === word);
    return role === undefined ? `user role needs one of ${ROLES.join(', ')}` : { kind: 'user-role', email, role, json };
  }
  if (reason !== undefined && (reason.length > REASON_MAX || /[\u0000-\u001f\u007f]/.test(reason)))
    return `--reason takes one line of at most ${REASON_MAX} characters`;
  return { kind: 'user-suspend', email, reason: reason ?? null, json };
}
