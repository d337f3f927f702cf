import { randomBytes } from 'node:crypto';
import { MASTER_KEY_BYTES } from '../../platform/master-key.ts';

/** A file in `secrets/`, by its name. */
export type SecretFiles = Readonly<Record<string, string>>;

/** Fresh secrets for every part. The address of the mail server is the one thing that nobody can make up: its file is empty. */
export function makeSecrets(): SecretFiles {
  const word = () => randomBytes(32).toString('base64url');
  const [database, valkey] = [word(), word()];
  return {
    master_key: `${randomBytes(MASTER_KEY_BYTES).toString('base64url')}\n`,
    database_password: `${database}\n`,
    database_url: `postgres://portico:${database}@postgres:5432/portico\n`,
    // Nothing is kept that the database does not know.
    valkey_conf: [
      'bind * -::*',
      'save ""',
      'appendonly no',
      'maxmemory 128mb',
      'maxmemory-policy allkeys-lru',
      `requirepass ${valkey}`,
      '',
    ].join('\n'),
    redis_url: `redis://:${valkey}@valkey:6379\n`,
    metrics_token: `${word()}\n`,
    smtp_url: '',
  };
}
