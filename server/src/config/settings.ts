import {
  accessToken,
  databaseUrl,
  domains,
  duration,
  existingFolderOrNone,
  folder,
  type Kind,
  listenHost,
  mailbox,
  masterKey,
  networks,
  oneOf,
  origin,
  originOrNone,
  redisUrl,
  smtpUrl,
  wholeNumber,
} from './kinds.ts';

/** One setting. This table drives what is read, what `portico doctor` prints and what `docs/config.md` says. */
export interface Setting<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  /** What stands when nothing is given, written as an operator would write it; where it follows from other settings, how. */
  readonly standard: string;
  readonly sentence: string;
}

export const setting = <T>(name: string, kind: Kind<T>, standard: string, sentence: string): Setting<T> => ({
  name,
  kind,
  standard,
  sentence,
});

/** By the field of `Config` that each one becomes. */
export const SETTINGS = {
  mode: setting(
    'NODE_ENV',
    oneOf('development', 'production', 'test'),
    'development',
    'In production Portico refuses to start on anything that is only good enough for trying out; development shows letters at /dev/mail.',
  ),
  origin: setting(
    'PORTICO_ORIGIN',
    origin,
    'http://localhost and the port',
    'The address people know the service by; it stands as issuer in every token and must not change later.',
  ),
  appOrigin: setting(
    'PORTICO_APP_ORIGIN',
    origin,
    'PORTICO_ORIGIN',
    'Where the pages (/login, /dashboard) are, when not on the main origin.',
  ),
  apiOrigin: setting(
    'PORTICO_API_ORIGIN',
    origin,
    'PORTICO_ORIGIN',
    'Where the API is, when not on the main origin. All cookies live there, so it must be on the same site as the pages.',
  ),
  assetBase: setting(
    'PORTICO_ASSET_BASE',
    originOrNone,
    '',
    'Origin of a CDN that serves scripts and styles. Empty: the pages serve them.',
  ),
  host: setting('PORTICO_HOST', listenHost, '127.0.0.1', 'Address to listen on; 0.0.0.0 or :: in a container.'),
  port: setting(
    'PORTICO_PORT',
    wholeNumber(1, 65_535),
    '4000, or the port of an http PORTICO_ORIGIN on this machine',
    'Port to listen on.',
  ),
  dataDir: setting('PORTICO_DATA_DIR', folder, './portico-data', 'Folder of the SQLite database and of the generated master key.'),
  databaseUrl: setting('PORTICO_DATABASE_URL', databaseUrl, '', 'Where the data lives. Empty: a SQLite database in the data folder.'),
  databaseConnections: setting(
    'PORTICO_DATABASE_CONNECTIONS',
    wholeNumber(2, 500),
    '10',
    'Connections to PostgreSQL that a node holds at most, beside one to listen on. All nodes together must stay under its max_connections.',
  ),
  redisUrl: setting(
    'PORTICO_REDIS_URL',
    redisUrl,
    '',
    'Redis or Valkey, which nodes tell each other of revocations by, sooner than by the database. It may be emptied or fail at any moment. Empty: none.',
  ),
  smtpUrl: setting(
    'PORTICO_SMTP_URL',
    smtpUrl,
    '',
    'Mail server. STARTTLS with a valid certificate is required off loopback unless ?tls= says otherwise. Empty in development: letters are shown at /dev/mail.',
  ),
  mailFrom: setting('PORTICO_MAIL_FROM', mailbox, 'Portico <no-reply@ and the host of PORTICO_ORIGIN>', 'Sender of every letter.'),
  masterKey: setting(
    'PORTICO_MASTER_KEY',
    masterKey,
    'master.key in the data folder, generated at the first start',
    'Seals private keys and waiting letters in the database. Several nodes must share one. Keep a copy apart from the database copies.',
  ),
  nextMasterKey: setting(
    'PORTICO_NEXT_MASTER_KEY',
    masterKey,
    '',
    'The master key that `portico keys rotate-master` changes to. Read by that command alone. Empty: the one in the data folder is replaced by one that is made.',
  ),
  trustedProxies: setting(
    'PORTICO_TRUSTED_PROXIES',
    networks,
    '',
    'Proxies whose X-Forwarded-For counts, as addresses or CIDR ranges. Empty: none, the peer address counts.',
  ),
  outgoingNetworks: setting(
    'PORTICO_OUTGOING_NETWORKS',
    networks,
    '',
    'Networks of your own in which client sites may be told of sign-outs, as addresses or CIDR ranges, beside the public internet. Empty: none; off production this machine too.',
  ),
  accessTokenLife: setting('PORTICO_ACCESS_TOKEN_LIFE', duration('2m', '15m'), '5m', 'Life of an access token.'),
  sessionLife: setting('PORTICO_SESSION_LIFE', duration('1h', '400d'), '30d', 'Absolute end of a sign-in, whatever is done in it.'),
  sessionIdle: setting('PORTICO_SESSION_IDLE', duration('15m', '400d'), '30d', 'A sign-in that is not used for this long ends.'),
  unverifiedLife: setting('PORTICO_UNVERIFIED_LIFE', duration('10m', '48h'), '12h', 'How long a sign-in waits for its code.'),
  codeLife: setting(
    'PORTICO_CODE_LIFE',
    duration('2m', '30m'),
    '10m',
    'Life of a code sent by mail. ASVS 6.5.5 allows 10 minutes at most.',
  ),
  passwordMin: setting(
    'PORTICO_PASSWORD_MIN',
    wholeNumber(8, 64),
    '15',
    'Fewest characters of a password. NIST SP 800-63B-4 asks for 15 where it is the only factor.',
  ),
  eventLife: setting(
    'PORTICO_EVENT_LIFE',
    duration('7d', '3650d'),
    '180d',
    'How long the audit log keeps an event. Users see their own as the activity of their account.',
  ),
  signup: setting(
    'PORTICO_SIGNUP',
    oneOf('open', 'invite', 'closed'),
    'open',
    'Who may create an account, with a password or by another service: everybody, those whom `portico invite` has invited, or nobody.',
  ),
  signupDomains: setting(
    'PORTICO_SIGNUP_DOMAINS',
    domains,
    '',
    'Domains whose addresses may have an account; a subdomain is another domain. Holds for invitations and for new addresses too. Empty: all.',
  ),
  staticDir: setting('PORTICO_STATIC_DIR', existingFolderOrNone, '', 'A folder of your own, served at / in place of the landing page.'),
  demo: setting(
    'PORTICO_DEMO',
    oneOf('on', 'off'),
    'on in development at an http address of this machine, else off',
    'Five small apps beside a Portico that is run from its repository, to see what it does. Turned off, they and their sign-ins are removed.',
  ),
  drainDelay: setting(
    'PORTICO_DRAIN_DELAY',
    duration('0s', '4s'),
    '2s in production, else 0s',
    'How long a node that was asked to end says at /readyz that it is not ready and still takes requests, so that a proxy that asks there leaves it alone.',
  ),
  metricsToken: setting(
    'PORTICO_METRICS_TOKEN',
    accessToken,
    '',
    'What a Prometheus shows as bearer token at /metrics. Empty: in production there is no /metrics, else this machine alone may read it.',
  ),
  accessLog: setting(
    'PORTICO_ACCESS_LOG',
    oneOf('on', 'off'),
    'on in production, else off',
    'A line in the log for each answer, at level info: method, path as registered, status, duration, request id. Never an address, a query or a body.',
  ),
  logLevel: setting(
    'PORTICO_LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    'info in production, else warn',
    'The least serious entries that are logged.',
  ),
};
