/** The screen “Client sites”. */
export const sites = {
  title: 'Client sites',
  lead: 'Sites, apps and games that let people sign in with this server.',
  add: 'New client site',
  search: 'Name',
  searchHint: 'The beginning of a name, or a whole id.',
  name: 'Name',
  id: 'Id',
  kind: 'Kind',
  state: 'State',
  states: { active: 'In service', disabled: 'Out of service' },
  since: 'Out of service since',
  added: 'Added',
  kinds: {
    web: 'Site with a backend',
    spa: 'Single-page app',
    native: 'App or game',
    machine: 'Machine',
    secondary: 'Secondary auth server',
  },
  empty:
    'There is no client site yet. A client site is a site, an app or a game of yours that lets people sign in here and never sees their passwords. Add one above, or run “portico add http://localhost:5173” in the folder of your app.',
} as const;
