import type { HealthItem } from '@portico/ui/admin-views';
import { verifySeals } from '../audit/verify-seals.ts';
import { databasePlace } from '../config/database-place.ts';
import type { Deps } from '../deps.ts';
import { listDataKeyAges, listMasterKeyIds, progressOf } from '../keys/data-key.ts';
import { clockOff } from '../platform/database-clock.ts';
import { asDatabase, one } from '../platform/db.ts';
import { silentLog } from '../platform/log.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { createMailTransport } from '../platform/mail.ts';
import { messageOf } from '../platform/message-of.ts';
import { pendingMigrations } from '../platform/migrate.ts';
import { openRedis } from '../platform/redis.ts';
import { parseSmtpUrl } from '../platform/smtp-url.ts';
import { within } from '../platform/within.ts';

/** Whether what Portico depends on answers now. Nothing of it makes an operator wait for longer than this, in milliseconds. */
export const HEALTH_WITHIN = 2500;
const SLOW_DATABASE = 250;
/** Nodes whose clocks differ by more than this disagree about what has expired. In milliseconds. */
const CLOCK_LIMIT = 5000;
const CLOCK_WORTH_A_WORD = 1000;
/** Seals that are proven when somebody looks: a thousand events at most. `portico doctor` proves all of them. */
const SEALS_PROVEN = 1;
/** What a server says of itself is shown, but not without end. Characters. */
const REASON_MAX = 200;

export async function lookAtHealth(deps: Deps, patience: number = HEALTH_WITHIN): Promise<readonly HealthItem[]> {
  const looks = [lookAtDatabase(deps, patience), lookAtMigrations(deps, patience), lookAtClock(deps, patience)];
  const more = [lookAtRedis(deps, patience), lookAtMail(deps, patience), lookAtSeals(deps, patience), lookAtSecrets(deps, patience)];
  const items = await Promise.all([...looks, ...more]);
  return items.filter((item) => item !== null);
}

async function lookAtDatabase({ db, now, config }: Deps, patience: number): Promise<HealthItem> {
  const place = databasePlace(config);
  const begun = now();
  const answer = await within(patience, one(db, 'select 1 as reached')).catch(() => null);
  const milliseconds = now() - begun;
  if (answer === null) return { part: 'database', state: 'fail', finding: 'database_silent', values: { place } };
  const slow = milliseconds > SLOW_DATABASE;
  return {
    part: 'database',
    state: slow ? 'warn' : 'ok',
    finding: slow ? 'database_slow' : 'database_answers',
    values: { place, milliseconds },
  };
}

async function lookAtMigrations({ db }: Deps, patience: number): Promise<HealthItem | null> {
  const database = asDatabase(db);
  if (database === null) return null;
  try {
    const pending = await within(patience, pendingMigrations(database));
    if (pending === null) return null;
    return pending.length === 0
      ? { part: 'migrations', state: 'ok', finding: 'migrations_applied', values: {} }
      : { part: 'migrations', state: 'warn', finding: 'migrations_waiting', values: { names: pending.join(', ') } };
  } catch (cause) {
    return { part: 'migrations', state: 'fail', finding: 'migrations_differ', values: { reason: reasonOf(cause) } };
  }
}

async function lookAtClock({ db, now }: Deps, patience: number): Promise<HealthItem | null> {
  const database = asDatabase(db);
  const ahead = database === null ? null : await within(patience, clockOff(database, now)).catch(() => null);
  if (ahead === null) return null;
  const off = Math.abs(ahead);
  const state = off > CLOCK_LIMIT ? 'fail' : off > CLOCK_WORTH_A_WORD ? 'warn' : 'ok';
  return { part: 'clock', state, finding: state === 'ok' ? 'clock_same' : ahead < 0 ? 'clock_behind' : 'clock_ahead', values: { off } };
}

async function lookAtRedis({ config: { redisUrl } }: Deps, patience: number): Promise<HealthItem> {
  if (redisUrl === '') return { part: 'redis', state: 'ok', finding: 'redis_unset', values: {} };
  const { hostname, port } = new URL(redisUrl);
  const place = `${hostname}:${port === '' ? '6379' : port}`;
  const redis = await openRedis(redisUrl, silentLog);
  try {
    const answered = await within(
      patience,
      redis.ping().then(() => true),
    );
    if (answered === true) return { part: 'redis', state: 'ok', finding: 'redis_answers', values: { place } };
    return { part: 'redis', state: 'fail', finding: 'redis_silent', values: { place, reason: '' } };
  } catch (cause) {
    return { part: 'redis', state: 'fail', finding: 'redis_silent', values: { place, reason: reasonOf(cause) } };
  } finally {
    redis.close();
  }
}

async function lookAtMail({ config: { smtpUrl, mailFrom } }: Deps, patience: number): Promise<HealthItem> {
  const server = parseSmtpUrl(smtpUrl);
  if (server === null) return { part: 'mail', state: 'warn', finding: 'mail_unset', values: {} };
  const place = `${server.host}:${server.port}`;
  try {
    const transport = createMailTransport({ smtpUrl, mailFrom }, patience);
    const answered = await within(
      patience,
      transport.verify().then(() => true),
    );
    if (answered !== true) return { part: 'mail', state: 'fail', finding: 'mail_silent', values: { place, reason: '' } };
  } catch (cause) {
    return { part: 'mail', state: 'fail', finding: 'mail_silent', values: { place, reason: reasonOf(cause) } };
  }
  const open = server.tls === 'none' && !isLoopbackHost(server.host);
  return { part: 'mail', state: open ? 'warn' : 'ok', finding: open ? 'mail_open' : 'mail_answers', values: { place } };
}

async function lookAtSeals(deps: Deps, patience: number): Promise<HealthItem | null> {
  const report = await within(patience, verifySeals(deps, { newest: SEALS_PROVEN })).catch(() => null);
  if (report === null) return null;
  const { problemCount, head, events } = report;
  if (problemCount > 0) return { part: 'audit', state: 'fail', finding: 'audit_differs', values: { count: problemCount } };
  if (head === null) return { part: 'audit', state: 'ok', finding: 'audit_unsealed', values: {} };
  return { part: 'audit', state: 'ok', finding: 'audit_genuine', values: { events, newest: head.seq } };
}

/** Null where there never was another master key. */
async function lookAtSecrets({ db, vault }: Deps, patience: number): Promise<HealthItem | null> {
  const looks = Promise.all([listDataKeyAges(db), listMasterKeyIds(db)]);
  const [keys, masters] = (await within(patience, looks).catch(() => null)) ?? [[], []];
  const progress = progressOf(keys, vault.currentId());
  if (progress === null) return null;
  if (progress.state === 'resealing')
    return { part: 'secrets', state: 'warn', finding: 'secrets_waiting', values: { key: progress.newest } };
  if (masters.length > 1) return { part: 'secrets', state: 'warn', finding: 'master_key_waiting', values: {} };
  return { part: 'secrets', state: 'ok', finding: 'secrets_current', values: {} };
}

function reasonOf(cause: unknown): string {
  return messageOf(cause).slice(0, REASON_MAX);
}
