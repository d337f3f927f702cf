import { DEMO_APPS, DEMO_NEW_DEVICE, type DemoApp, type DemoOrder, type DemoOrigins, demoClientId } from '@portico/protocol/demo';
import { PAGES } from '@portico/protocol/routes';
import type { PageSettings } from './settings.ts';

export type OpenOrder = Extract<DemoOrder, { kind: 'open' }>;

const NAMES: Readonly<Record<DemoApp, string>> = {
  notes: 'Notes',
  wiki: 'Wiki',
  rtk: 'RTK app',
  snake: 'Snake',
  secondary: 'Secondary',
};

const LEADS: Readonly<Record<Exclude<DemoApp, 'rtk'>, string>> = {
  notes:
    'A site with a backend of its own. It keeps the tokens in cookies that no script reads; they are signed with a secret of this site (HS256).',
  wiki: 'Another site on another host, with tokens that Portico signs (ES256). Signed in at one, you are one redirect from the other.',
  snake:
    'A game without a backend for the sign-in, on another site than Portico: its refresh token is bound to a key that cannot leave this browser.',
  secondary:
    'An auth server with sessions of its own, where nobody types a password: it takes over the sign-in of Portico by a ticket, without a redirect.',
};

/** On names of their own, so that browsers see other sites; beside Portico where an app must be on its site. Ports do not part sites or cookies. */
export function hostOf(app: DemoApp, api: string): string {
  return app === 'rtk' || app === 'secondary' ? new URL(api).hostname : `${app}.localhost`;
}

export function settingsOf(app: Exclude<DemoApp, 'rtk'>, order: OpenOrder, origins: DemoOrigins): PageSettings {
  const others = DEMO_APPS.filter((other) => other !== app).map((other) => ({ text: NAMES[other], address: `${origins[other]}/` }));
  return {
    app,
    name: NAMES[app],
    lead: LEADS[app],
    issuer: order.issuer,
    api: order.api,
    clientId: demoClientId(app),
    ...(app === 'secondary' ? {} : { mode: app === 'snake' ? 'pkce' : 'site' }),
    newDevice: origins.secondary + DEMO_NEW_DEVICE,
    links: [
      ...others,
      { text: 'Your account', address: order.app + PAGES.dashboard },
      { text: 'Mail inbox', address: order.app + PAGES.devMail },
    ],
  };
}
