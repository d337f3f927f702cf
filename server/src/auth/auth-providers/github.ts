import { type Addresses, asClaims, at, type OAuthDefinition, textOf } from './definition.ts';

const PUBLIC_URL = 'https://github.com';

/** GitHub Enterprise Server answers below /api/v3; github.com on a host of its own. */
function api({ URL: url, API_URL: given }: Addresses): string {
  if (given !== undefined && given !== '') return given;
  return url === PUBLIC_URL ? 'https://api.github.com' : at(url, 'api/v3');
}

export const github: OAuthDefinition = {
  protocol: 'oauth',
  name: 'github',
  label: 'GitHub',
  scope: 'user:email',
  addresses: [
    { suffix: 'URL', standard: PUBLIC_URL, sentence: 'GitHub, or a GitHub Enterprise Server.' },
    {
      suffix: 'API_URL',
      standard: '',
      sentence: 'Its API. Empty: `https://api.github.com`, or `/api/v3` of a GitHub Enterprise Server.',
    },
  ],
  asking: { prompt: 'select_account' },
  endpoints: ({ URL: url }) => ({
    issuer: at(url, 'login/oauth'),
    authorize: at(url, 'login/oauth/authorize'),
    token: at(url, 'login/oauth/access_token'),
  }),
  profile: async (addresses, read) => {
    const [user, emails] = [asClaims(await read(at(api(addresses), 'user'))), await read(at(api(addresses), 'user/emails'))];
    const id = user?.['id'];
    if (user === null || typeof id !== 'number' || !Number.isSafeInteger(id)) return null;
    // The address of the public profile is whatever its owner wrote there. The list says which one is theirs, and proven.
    const primary = (Array.isArray(emails) ? emails : []).map(asClaims).find((entry) => entry?.['primary'] === true);
    const email = textOf(primary?.['email']);
    return {
      subject: String(id),
      label: textOf(user['login']),
      displayName: textOf(user['name']) || textOf(user['login']),
      email: email === '' ? null : email,
      emailVerified: primary?.['verified'] === true,
    };
  },
  // Not RFC 7009: the application deletes its whole grant, and every token with it.
  giveBack: ({ clientId, addresses }, accessToken) => ({
    url: at(api(addresses), `applications/${encodeURIComponent(clientId)}/grant`),
    method: 'DELETE',
    body: { access_token: accessToken },
  }),
};
