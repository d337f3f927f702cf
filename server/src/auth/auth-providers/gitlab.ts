import { type OpenIdDefinition, profileFromClaims } from './definition.ts';

export const gitlab: OpenIdDefinition = {
  protocol: 'openid',
  name: 'gitlab',
  label: 'GitLab',
  scope: 'openid profile email',
  addresses: [{ suffix: 'URL', standard: 'https://gitlab.com', sentence: 'GitLab, or one of your own: its OpenID issuer.' }],
  asking: { prompt: 'login' },
  issuer: ({ URL: url }) => url ?? '',
  // Older GitLab names nobody in the ID token.
  userInfo: true,
  profile: profileFromClaims,
};
