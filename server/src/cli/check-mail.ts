import { PAGES } from '@portico/protocol/routes';
import type { Settings } from '../config.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { createMailTransport, mailProblem } from '../platform/mail.ts';
import { trySender } from '../platform/mail-trial.ts';
import { parseMailbox } from '../platform/mailbox.ts';
import { messageOf } from '../platform/message-of.ts';
import { parseSmtpUrl, type SmtpServer } from '../platform/smtp-url.ts';
import { type Check, callPatience, codeOf, type Examination, patiently } from './check.ts';

/** Whether letters with codes can leave, and whether those who get them can tell that they are ours. Sends nothing. */
export async function checkMail(examination: Examination): Promise<readonly Check[]> {
  const { settings, outside } = examination;
  const server = parseSmtpUrl(settings.smtpUrl);
  if (server === null) {
    return [{ name: 'mail', state: 'ok', finding: `no mail server; letters are shown at ${settings.appOrigin}${PAGES.devMail}` }];
  }
  const silent = 'look whether the mail server answers; letters wait meanwhile';
  const found = await Promise.all([
    patiently(outside, 'mail', silent, () => checkServer(settings, server, callPatience(outside))),
    patiently(outside, 'mail sender', silent, () => checkSender(settings, callPatience(outside))),
    patiently(outside, 'mail domain', 'look at the name server of this machine', () => checkDomain(examination)),
  ]);
  return found.flat();
}

async function checkServer({ smtpUrl, mailFrom }: Settings, server: SmtpServer, patience: number): Promise<readonly Check[]> {
  const name = 'mail';
  const place = `${server.host}:${server.port}`;
  try {
    await createMailTransport({ smtpUrl, mailFrom }, patience).verify();
  } catch (cause) {
    const fix = 'check PORTICO_SMTP_URL; letters wait meanwhile';
    return [{ name, state: 'fail', finding: `${place} takes no letters: ${messageOf(cause)}`, fix }];
  }
  if (server.tls === 'none' && !isLoopbackHost(server.host)) {
    const finding = `${place} answers, but codes go there unencrypted`;
    return [{ name, state: 'warn', finding, fix: 'drop ?tls=none from PORTICO_SMTP_URL' }];
  }
  const secured = { implicit: 'with TLS', required: 'with STARTTLS', optional: 'with STARTTLS if it offers it', none: 'without TLS' }[
    server.tls
  ];
  return [{ name, state: 'ok', finding: `${place} answers, ${secured}${server.user === '' ? '' : ', and lets us sign in'}` }];
}

async function checkSender({ smtpUrl, mailFrom }: Settings, patience: number): Promise<readonly Check[]> {
  const name = 'mail sender';
  const sender = parseMailbox(mailFrom)?.address ?? mailFrom;
  try {
    const trial = await trySender({ smtpUrl, mailFrom }, patience);
    switch (trial.kind) {
      case 'accepted':
        return [{ name, state: 'ok', finding: `${sender} may send` }];
      case 'untried':
        return [{ name, state: 'ok', finding: `not tried: the mail server signs in by ${trial.offered.join(', ') || 'nothing'}` }];
      case 'refused': {
        const finding = `the mail server refuses ${sender} as sender (status ${trial.status})`;
        return [{ name, state: 'fail', finding, fix: 'set PORTICO_MAIL_FROM to an address that this account may send from' }];
      }
    }
  } catch (cause) {
    // The check of the server says it in full.
    const finding = `not tried: ${mailProblem(cause) ?? 'the mail server did not answer'}`;
    return [{ name, state: 'warn', finding, fix: 'mend what stands under "mail", and ask again' }];
  }
}

/** RFC 7208 and RFC 7489: without these two records letters with codes end as spam, or anybody sends them in our name. */
async function checkDomain({ settings: { mailFrom }, outside }: Examination): Promise<readonly Check[]> {
  const domain = parseMailbox(mailFrom)?.address.split('@').at(-1)?.toLowerCase() ?? '';
  if (isLoopbackHost(domain) || !domain.includes('.')) return [];
  return Promise.all([
    checkRecord(outside, {
      name: 'mail SPF',
      at: domain,
      begins: 'v=spf1',
      fix: `publish a TXT record "v=spf1 …" at ${domain} that names your mail server`,
    }),
    checkRecord(outside, {
      name: 'mail DMARC',
      at: `_dmarc.${domain}`,
      begins: 'v=dmarc1',
      fix: `publish a TXT record "v=DMARC1; p=none; …" at _dmarc.${domain}, and make it stricter when reports are good`,
    }),
  ]);
}

async function checkRecord(
  { names }: Examination['outside'],
  { name, at, begins, fix }: { name: string; at: string; begins: string; fix: string },
): Promise<Check> {
  try {
    const found = (await names.textsOf(at)).filter((text) => text.toLowerCase().startsWith(begins));
    const [record] = found;
    if (record === undefined) return { name, state: 'warn', finding: `${at} has no such record`, fix };
    // RFC 7208 3.2, RFC 7489 6.6.3: of two neither counts.
    if (found.length > 1)
      return { name, state: 'warn', finding: `${at} has ${found.length} such records, so none counts`, fix: 'keep one of them' };
    return { name, state: 'ok', finding: `${at}: ${record}` };
  } catch (cause) {
    return { name, state: 'warn', finding: `${at}: no answer (${codeOf(cause)})`, fix: 'look at the name server of this machine' };
  }
}
