import type { User } from '../accounts/user.ts';
import type { Deps } from '../deps.ts';

/** Whether a code by mail could reach this user: a proven address, and letters that leave. In development they reach the inbox page. */
export function codesReach({ config }: Pick<Deps, 'config'>, user: Pick<User, 'verifiedAt'>): boolean {
  return user.verifiedAt !== null && (config.smtpUrl !== '' || config.mode !== 'production');
}
