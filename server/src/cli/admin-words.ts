import { type Email, parseEmail } from '../accounts/email.ts';

/** What `portico admin …` asks for: a link that makes an owner, for whoever opens it or for one address. */
export interface AdminCommand {
  readonly kind: 'admin-link';
  readonly email: Email | null;
  readonly json: boolean;
}

export type AdminCommandName = 'admin link' | 'admin create';

export const ADMIN_HELP = `  admin link             print a link that makes an owner; it works once, for 30 minutes
  admin create --email EMAIL
                         the same for one address only
`;
export const ADMIN_TAKES: Readonly<Record<AdminCommandName, readonly string[]>> = {
  'admin link': ['json'],
  'admin create': ['json', 'email'],
};

export function nameAdminCommand(word: string | undefined): AdminCommandName | null {
  return word === 'link' || word === 'create' ? `admin ${word}` : null;
}

/** A text is the problem, in one line. */
export function parseAdmin(
  name: AdminCommandName,
  { json, email: text }: { json: boolean; email?: string | undefined },
): AdminCommand | string {
  if (name === 'admin link') return { kind: 'admin-link', email: null, json };
  const email = parseEmail(text ?? '');
  return email === null ? 'admin create needs --email with the address of the owner' : { kind: 'admin-link', email, json };
}
