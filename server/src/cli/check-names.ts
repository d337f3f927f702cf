/** What `portico doctor` looks at, in the order in which it tells; `--only` takes one of these names. */
export const CHECK_NAMES = [
  'settings',
  'machine',
  'dns',
  'tls',
  'cookies',
  'proxies',
  'mail',
  'database',
  'redis',
  'sites',
  'providers',
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];
