import type { SMTPConnectionCustomAuthContext } from 'nodemailer/lib/smtp-connection';
import { smtpOptions } from './mail.ts';
import { parseMailbox } from './mailbox.ts';
import { parseSmtpUrl } from './smtp-url.ts';

/** What a mail server answers to `MAIL FROM`. `untried`: it signs in by a mechanism that is not spoken here. */
export type SenderTrial =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'untried'; readonly offered: readonly string[] };

/** The library runs a sign-in of our own under this name, and lets it send commands: the way to say MAIL FROM without a letter. */
const METHOD = 'PORTICO-TRIAL';

/**
 * Signs in, names the sender and takes it back: nothing is sent, and no recipient named. Rejects as `verify` does. A server that refuses
 * our sender refuses every letter, and says so only when the first one goes.
 */
export async function trySender({ smtpUrl, mailFrom }: { smtpUrl: string; mailFrom: string }, patience: number): Promise<SenderTrial> {
  const options = smtpOptions(smtpUrl, patience);
  const from = parseMailbox(mailFrom);
  const server = parseSmtpUrl(smtpUrl);
  if (options === null || from === null || server === null) throw new Error('mail trial: unusable server or sender address');
  let trial: SenderTrial = { kind: 'untried', offered: [] };
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    ...options,
    auth: { type: 'custom', method: METHOD, user: server.user, pass: server.password },
    forceAuth: true,
    customAuth: {
      [METHOD]: async (dialogue: SMTPConnectionCustomAuthContext) => {
        trial = await nameSender(dialogue, server, from.address);
      },
    },
  });
  await transport.verify();
  return trial;
}

async function nameSender(
  dialogue: SMTPConnectionCustomAuthContext,
  { user, password }: { readonly user: string; readonly password: string },
  sender: string,
): Promise<SenderTrial> {
  if (user !== '') {
    const offered = dialogue.authMethods;
    if (!offered.includes('PLAIN')) return { kind: 'untried', offered };
    const signedIn = await dialogue.sendCommand(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`);
    if (signedIn.status !== 235) throw new Error(`sign-in refused: ${signedIn.status}`);
  }
  const { status } = await dialogue.sendCommand(`MAIL FROM:<${sender}>`);
  await dialogue.sendCommand('RSET');
  return status >= 200 && status < 300 ? { kind: 'accepted' } : { kind: 'refused', status };
}
