import type { AdminScreenName } from '@portico/protocol/admin';
import type { Component } from 'svelte';
import type { ScreenProps } from './screen-props.ts';
import Audit from './screens/audit.svelte';
import Home from './screens/home.svelte';
import Invitations from './screens/invitations.svelte';
import Keys from './screens/keys.svelte';
import Mail from './screens/mail.svelte';
import NewSite from './screens/new-site.svelte';
import Providers from './screens/providers.svelte';
import Sessions from './screens/sessions.svelte';
import Settings from './screens/settings.svelte';
import Site from './screens/site.svelte';
import Sites from './screens/sites.svelte';
import Suspensions from './screens/suspensions.svelte';
import System from './screens/system.svelte';
import User from './screens/user.svelte';
import Users from './screens/users.svelte';

export const SCREENS: { readonly [Name in AdminScreenName]: Component<ScreenProps<Name>> } = {
  home: Home,
  sites: Sites,
  newSite: NewSite,
  site: Site,
  users: Users,
  user: User,
  invitations: Invitations,
  sessions: Sessions,
  suspensions: Suspensions,
  audit: Audit,
  keys: Keys,
  mail: Mail,
  providers: Providers,
  settings: Settings,
  system: System,
};
