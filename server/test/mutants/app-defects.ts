import type { Defect } from './defects.ts';

const OTHER_ORIGINS = 'five calls from every other origin are refused, with every cookie of the browser, and change nothing';
const OWN_COOKIE = 'an app hears of its own cookie only: not of another app’s, nor of ours, also under its own name';
const CSRF = 'no CSRF token but the app’s own of this very session ends or extends anything';
const LOCAL = 'local leaves this app alone: its cookie goes, its token is refused, everybody else goes on';
const ELIGIBLE = 'only an app without a backend may, answered at its own origin; PKCE is not asked for, and a key cannot be bound';

/** What apps in the browser must not lack. */
export const OF_APPS: readonly Defect[] = [
  {
    name: 'any origin speaks for our own pages',
    find: '  if (app === null) requireOwnOrigin(deps.config, caller);\n',
    replace: '',
    caughtBy: OTHER_ORIGINS,
  },
  {
    name: 'another site speaks for an app',
    find: "if (fetchSite !== 'same-site' && fetchSite !== 'same-origin' && fetchSite !== null) throw",
    replace: "if (fetchSite === '') throw",
    caughtBy: OTHER_ORIGINS,
  },
  {
    name: 'a client with a secret speaks by cookie',
    find: "origins.includes(origin) && authentication === 'none') ?? null",
    replace: 'origins.includes(origin)) ?? null',
    caughtBy: OTHER_ORIGINS,
  },
  {
    name: 'apps share the cookie of our own pages',
    find: 'return app === null ? cookies.refresh : cookies.refreshOfApp(app.id);',
    replace: 'return cookies.refresh;',
    caughtBy: OWN_COOKIE,
  },
  {
    name: 'a cookie of another client names the session',
    find: 'return family?.clientId === by.id ? family : null;',
    replace: 'return family;',
    caughtBy: OWN_COOKIE,
  },
  {
    name: 'a peek does not ask whose token it is',
    find: "if (family === null || family.clientId !== caller.clientId) return { kind: 'invalid' };",
    replace: "if (family === null) return { kind: 'invalid' };",
    caughtBy: OWN_COOKIE,
  },
  {
    name: 'a CSRF token is good at every client of its session',
    find: 'return app === null ? `csrf ${sid}` : `csrf ${sid} ${app.id}`;',
    replace: 'return `csrf ${sid}`;',
    caughtBy: CSRF,
  },
  {
    name: 'an app signs out without a CSRF token',
    find: "if (session.state === 'active') requireCsrf(",
    replace: "if (session.state === 'unverified') requireCsrf(",
    caughtBy: CSRF,
  },
  {
    name: 'an app extends without a CSRF token',
    find: 'if (session !== null) requireCsrf(deps, caller, { sid: session.id, csrfFrom: session.csrfFrom, client: by });',
    replace: '',
    caughtBy: CSRF,
  },
  {
    name: 'leaving one app signs out of all',
    find: '  if (local) {\n    await signOutOfSite(deps, caller, family);',
    replace: '  if (local && family.gen < 0) {\n    await signOutOfSite(deps, caller, family);',
    caughtBy: LOCAL,
  },
  {
    name: 'an app that was left signs everybody out',
    find: "const session = family === null || family.state === 'revoked' ? null :",
    replace: 'const session = family === null ? null :',
    caughtBy: LOCAL,
  },
  {
    name: 'the cookies of another sign-in go',
    find: 'return own === null || own.sessionId === session.id ? CLEARED_SESSION : [];',
    replace: 'return CLEARED_SESSION;',
    caughtBy: 'the cookies of another sign-in of ours stay',
  },
  {
    name: 'the cookie of an app is bound to no device',
    find: 'deviceHash: own.deviceHash,',
    replace: 'deviceHash: null,',
    caughtBy: 'without the device cookie, or with another one, a cookie of an app is a copied one',
  },
  {
    name: 'any client asks for response_type=none',
    find: "response_type === 'none' && !isAtItsOrigin(client, redirect_uri)",
    replace: "response_type === 'none' && client.id === ''",
    caughtBy: ELIGIBLE,
  },
  {
    name: 'an app is answered at another origin than its own',
    find: 'origin !== undefined && origins.includes(origin);',
    replace: 'origin !== undefined;',
    caughtBy: ELIGIBLE,
  },
  {
    name: 'a kept request opens an app twice',
    find: 'if (!(await admit(inTx, session))) return false;',
    replace: '',
    caughtBy: 'a request that was pushed is answered once',
  },
  {
    name: 'each visit to authorize opens another family',
    find: 'kept = goesOn && ',
    replace: 'kept = !goesOn && ',
    caughtBy: 'a sign-in that the cookie holds goes on: however often a browser is led here, nothing changes',
  },
  {
    name: 'the sign-in of somebody else goes on',
    find: 'held.grant.session.id === grant.session.id && ',
    replace: '',
    caughtBy: 'whoever is signed in now is signed in at the app, and not whoever was before',
  },
  {
    name: 'every origin may read',
    find: 'if (origin === undefined || !(await readableAt(deps, origin))) return false;',
    replace: 'if (origin === undefined) return false;',
    caughtBy: 'one host: an app reads every answer, refusals too, with Retry-After and the name of the request',
  },
  {
    name: 'an app cannot read that the database is away',
    find: 'if (known.has(origin)) return true;',
    replace: '',
    caughtBy: 'while the database is away an app reads that it is: 503, and when to come back',
  },
  {
    name: 'an app learns of a sign-in that waits',
    find: 'by.app === null ? await findWaiting(deps, caller) : null',
    replace: 'await findWaiting(deps, caller)',
    caughtBy: 'an app learns nothing of a sign-in that waits for its code: it is no sign-in of that app',
  },
  {
    name: 'an app is told what our own pages are',
    find: 'user: by.app === null ? publicUser(grant.user) : siteUser(grant, family.scope),',
    replace: 'user: publicUser(grant.user),',
    caughtBy: 'an app refreshes with its own cookie: its own token, its own chain, what its scope lets it know, and no other cookie',
  },
  {
    name: 'every page is told the name of an app',
    find: "if (client.kind !== 'spa' || !client.origins.includes(origin)) return null;",
    replace: "if (client.kind !== 'spa') return null;",
    caughtBy: 'a stranger learns no name, and not whether there is such a client',
  },
];
