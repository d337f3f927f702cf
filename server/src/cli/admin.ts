import { offerSetup } from '../accounts/offer-setup.ts';
import type { AdminCommand } from './admin-words.ts';
import { commandLine } from './command-line.ts';
import { withDeps } from './with-deps.ts';

/** Prints a link that makes an owner, on standard output alone. Links before it stay good until their time is over. */
export async function printSetupLink({ email, json }: AdminCommand): Promise<number> {
  const { link, expiresAt } = await withDeps((deps) => offerSetup(deps, commandLine(deps), { email, madeBy: 'command_line' }));
  const until = new Date(expiresAt).toISOString();
  if (json) console.log(JSON.stringify({ ...(email === null ? {} : { email: email.text }), link, expires_at: until }));
  else
    console.log(`open this link to become an owner${email === null ? '' : ` as ${email.text}`}; it works once, until ${until}:\n${link}`);
  return 0;
}
