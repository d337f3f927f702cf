import { asClaims, at, type OAuthDefinition, textOf } from './definition.ts';

export const discord: OAuthDefinition = {
  protocol: 'oauth',
  name: 'discord',
  label: 'Discord',
  scope: 'identify email',
  addresses: [
    { suffix: 'URL', standard: 'https://discord.com', sentence: 'Where people are asked.' },
    { suffix: 'API_URL', standard: 'https://discord.com/api/v10', sentence: 'Its API.' },
  ],
  asking: { prompt: 'consent' },
  endpoints: ({ URL: url, API_URL: api }) => ({
    issuer: at(url, ''),
    authorize: at(url, 'oauth2/authorize'),
    token: at(api, 'oauth2/token'),
    revoke: at(api, 'oauth2/token/revoke'),
  }),
  profile: async ({ API_URL: api }, read) => {
    const user = asClaims(await read(at(api, 'users/@me')));
    const [subject, username, email] = [textOf(user?.['id']), textOf(user?.['username']), textOf(user?.['email'])];
    if (user === null || subject === '') return null;
    return {
      subject,
      label: username,
      displayName: textOf(user['global_name']) || username,
      email: email === '' ? null : email,
      emailVerified: user['verified'] === true,
    };
  },
};
