import { existsSync, statSync } from 'node:fs';
import { PAGES } from '@portico/protocol/routes';
import type { Settings } from '../config.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { createMailTransport } from '../platform/mail.ts';
import { findMasterKeyFile } from '../platform/master-key.ts';
import { parseSmtpUrl } from '../platform/smtp-url.ts';
import { messageOf } from '../wire.ts';
import type { Check } from './check.ts';

/** What can be said without the database: addresses, files, the mail server. */
export async function checkMachine(settings: Settings): Promise<Check[]> {
  return [checkAddress(settings), checkMasterKey(settings), ...checkDataFolder(settings), await checkMail(settings)];
}

function checkAddress({ mode, origin, host }: Settings): Check {
  const name = 'address';
  if (mode === 'production' && isLoopbackHost(new URL(origin).hostname)) {
    return {
      name,
      state: 'warn',
      finding: `${origin} can be opened on this machine only`,
      fix: 'set PORTICO_ORIGIN to the public https address',
    };
  }
  if (mode !== 'production' && !isLoopbackHost(host)) {
    const fix = 'set NODE_ENV=production where strangers can connect';
    return { name, state: 'warn', finding: `listens on ${host} in ${mode}: other machines can connect`, fix };
  }
  return { name, state: 'ok', finding: `${origin}, listening on ${host}` };
}

function checkMasterKey({ masterKey, dataDir }: Settings): Check {
  const name = 'master key';
  if (masterKey !== null) return { name, state: 'ok', finding: 'from the environment' };
  const file = findMasterKeyFile(dataDir);
  if (file.kind === 'absent') return { name, state: 'ok', finding: `${file.path} is made at the first start` };
  return file.kind === 'present'
    ? { name, state: 'ok', finding: `${file.path}, readable by its owner only` }
    : { name, state: 'fail', finding: file.problem, fix: `check ${file.path}` };
}

function checkDataFolder({ dataDir, databaseUrl }: Settings): Check[] {
  if (process.platform === 'win32' || !existsSync(dataDir)) return [];
  const open = (statSync(dataDir).mode & 0o077) !== 0;
  if (!open) return [{ name: 'data folder', state: 'ok', finding: `${dataDir}, open to its owner only` }];
  const holds = databaseUrl === '' ? 'the database and the master key' : 'the master key';
  return [{ name: 'data folder', state: 'warn', finding: `${dataDir} is open to others, and holds ${holds}`, fix: `chmod 700 ${dataDir}` }];
}

async function checkMail({ smtpUrl, mailFrom, appOrigin }: Settings): Promise<Check> {
  const name = 'mail';
  const server = parseSmtpUrl(smtpUrl);
  if (server === null) return { name, state: 'ok', finding: `no mail server; letters are shown at ${appOrigin}${PAGES.devMail}` };
  const place = `${server.host}:${server.port}`;
  try {
    await createMailTransport({ smtpUrl, mailFrom }).verify();
  } catch (cause) {
    return {
      name,
      state: 'fail',
      finding: `${place} takes no letters: ${messageOf(cause)}`,
      fix: 'check PORTICO_SMTP_URL; letters wait meanwhile',
    };
  }
  if (server.tls === 'none' && !isLoopbackHost(server.host)) {
    return {
      name,
      state: 'warn',
      finding: `${place} answers, but codes go there unencrypted`,
      fix: 'drop ?tls=none from PORTICO_SMTP_URL',
    };
  }
  return { name, state: 'ok', finding: `${place} answers` };
}
