import { audit } from './audit.ts';
import { done } from './done.ts';
import { frame } from './frame.ts';
import { home } from './home.ts';
import { invitations } from './invitations.ts';
import { keys } from './keys.ts';
import { list } from './list.ts';
import { mail } from './mail.ts';
import { newSite } from './new-site.ts';
import { providers } from './providers.ts';
import { sessions } from './sessions.ts';
import { settings } from './settings.ts';
import { site } from './site.ts';
import { sites } from './sites.ts';
import { suspensions } from './suspensions.ts';
import { system } from './system.ts';
import { user } from './user.ts';
import { users } from './users.ts';

/** The words of the admin page, a file for each screen. */
export const admin = {
  done,
  frame,
  list,
  home,
  sites,
  newSite,
  site,
  users,
  user,
  invitations,
  sessions,
  suspensions,
  audit,
  keys,
  mail,
  providers,
  settings,
  system,
};
