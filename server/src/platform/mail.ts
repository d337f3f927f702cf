import type { LetterKind } from '@portico/protocol/events';
import type { SMTPTransportOptions } from 'nodemailer';
import { isLoopbackHost } from './loopback.ts';
import { isPlainAddress, parseMailbox } from './mailbox.ts';
import { parseSmtpUrl } from './smtp-url.ts';

/** A letter to one person. */
export interface Letter {
  /** Which one: all that an operator may know of it beside the address. */
  readonly kind?: LetterKind;
  /** One plain address. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface MailTransport {
  /** Resolves when the mail server has taken the letter over. Throws LetterRefused when asking again cannot help, any other error when it may. */
  send(letter: Letter): Promise<void>;
  /** Connects, proves TLS and signs in, sends nothing. */
  verify(): Promise<void>;
}

/** This letter will never be taken: the mail server refused its recipient for good, or it must not be sent. */
export class LetterRefused extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause });
    this.name = 'LetterRefused';
  }
}

/** How long a mail server may stay silent, in milliseconds: name look-up, connection, greeting and every answer. */
export const MAIL_PATIENCE = 10_000;

/** `patience` limits every silence; three times that is the limit of a whole delivery, however slowly the server drips. */
export function createMailTransport(
  { smtpUrl, mailFrom }: { smtpUrl: string; mailFrom: string },
  patience: number = MAIL_PATIENCE,
): MailTransport {
  const from = parseMailbox(mailFrom);
  const options = smtpOptions(smtpUrl, patience);
  if (options === null || from === null) throw new Error('mail transport: unusable server or sender address');
  // Loaded when a letter goes: it is 10 MB that an installation without a mail server never needs.
  const connect = async () => (await import('nodemailer')).createTransport(options);
  return {
    send: async (letter) => {
      refuseUnsafe(letter);
      try {
        const transport = await connect();
        await transport.sendMail({
          from,
          // An object, never a string: a string is parsed as an address list, and `a@b.c,<evil@x>` was two recipients.
          to: { name: '', address: letter.to },
          envelope: { from: { address: from.address }, to: { address: letter.to } },
          subject: letter.subject,
          text: letter.text,
          html: letter.html,
          // RFC 3834: no holiday answers to a machine, and no loops.
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          signal: AbortSignal.timeout(3 * patience),
        });
      } catch (cause) {
        throw isRefusedForGood(cause) ? new LetterRefused('the mail server refused the recipient', cause) : cause;
      }
    },
    verify: async () => {
      await (await connect()).verify();
    },
  };
}

/** How the mail server is spoken to, whatever for. Null: the URL names none. */
export function smtpOptions(smtpUrl: string, patience: number): SMTPTransportOptions | null {
  const server = parseSmtpUrl(smtpUrl);
  if (server === null) return null;
  return {
    host: server.host,
    port: server.port,
    secure: server.tls === 'implicit',
    requireTLS: server.tls === 'required',
    ignoreTLS: server.tls === 'none',
    // On loopback test catchers offer STARTTLS with certificates of their own making; nobody listens in between.
    tls: { rejectUnauthorized: !(server.tls === 'optional' && isLoopbackHost(server.host)), minVersion: 'TLSv1.2' },
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    dnsTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
    // With credentials given, a server that suddenly offers no AUTH is not ours.
    ...(server.user === '' ? {} : { auth: { user: server.user, pass: server.password }, forceAuth: true }),
  };
}

/** Callers have checked; this is the last door before the wire (ASVS 1.3.11). */
function refuseUnsafe({ to, subject }: Letter): void {
  if (!isPlainAddress(to)) throw new LetterRefused('the recipient is not one plain address');
  // A line break would begin another header; an encoded word (RFC 2047) can hold one that mail readers decode.
  if (/\p{Cc}|=\?/u.test(subject)) throw new LetterRefused('the subject holds control characters or an encoded word');
}

/** RFC 5321 4.2.1: after a 5yz answer to RCPT the client should not ask again. Other refusals (sign-in, relay policy, greylist) may pass. */
function isRefusedForGood(cause: unknown): cause is Error {
  if (!(cause instanceof Error) || !('code' in cause) || !('responseCode' in cause) || !('command' in cause)) return false;
  return cause.code === 'EENVELOPE' && cause.command === 'RCPT TO' && [550, 551, 553].includes(Number(cause.responseCode));
}

/** Why a letter could not be sent, for its operator: `ECONNREFUSED`, `EENVELOPE 550`. Never the server's words, which may name people. */
export function mailProblem(cause: unknown): string | null {
  if (cause instanceof LetterRefused && cause.cause !== undefined) return mailProblem(cause.cause);
  if (!(cause instanceof Error) || !('code' in cause)) return null;
  const status = 'responseCode' in cause ? ` ${String(cause.responseCode)}` : '';
  const problem = `${String(cause.code)}${status}`;
  return /^[A-Z0-9_ ]{1,60}$/.test(problem) ? problem : null;
}
