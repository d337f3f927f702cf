import { type OpenIdDefinition, profileFromClaims } from './definition.ts';

export const google: OpenIdDefinition = {
  protocol: 'openid',
  name: 'google',
  label: 'Google',
  scope: 'openid email profile',
  addresses: [{ suffix: 'ISSUER', standard: 'https://accounts.google.com', sentence: 'Its OpenID issuer.' }],
  asking: { prompt: 'select_account' },
  issuer: ({ ISSUER: issuer }) => issuer ?? '',
  userInfo: false,
  profile: profileFromClaims,
};
