import type { LetterKind } from '@portico/protocol/events';
import { PAGES } from '@portico/protocol/routes';
import { fill, type Texts } from '@portico/protocol/texts';
import type { UnusualReason } from '@portico/protocol/tokens';
import type { Config } from '../config.ts';
import type { Letter } from '../platform/mail.ts';
import { CONFIRM_LIFE, INVITATION_LIFE, RESET_LIFE, UNDO_LIFE } from './link-lives.ts';

/**
 * The letters that Portico writes. Links come from the configuration and never from a request: a forged Host header must not write
 * them. Devices and places come from strangers: they are cut, freed of control characters, and escaped where HTML begins.
 */
type Site = Pick<Config, 'origin' | 'appOrigin' | 'codeLife'>;

/** Where a sign-in was seen, in the words that a person reads. */
export interface Sighting {
  /** "Firefox on Windows" */
  readonly device: string;
  /** As much as an address tells. */
  readonly place: string;
}

export function codeLetter(site: Site, texts: Texts, { to, code }: { to: string; code: string }): Letter {
  const facts = { host: hostOf(site), code, minutes: Math.round(site.codeLife / 60_000) };
  return write(texts, 'code', to, facts, { code });
}

/** The code of somebody who is signed in and is asked once more: it opens nothing by itself. */
export function proofCodeLetter(site: Site, texts: Texts, { to, code }: { to: string; code: string }): Letter {
  const facts = { host: hostOf(site), code, minutes: Math.round(site.codeLife / 60_000) };
  return write(texts, 'proofCode', to, facts, { code });
}

/** The letter of a sign-up: a code for the browser that signed up, or a link that is opened there. Both prove the mailbox; one is enough. */
export function verifyAddressLetter(site: Site, texts: Texts, { to, code, token }: { to: string; code: string; token: string }): Letter {
  const facts = { host: hostOf(site), code, minutes: Math.round(site.codeLife / 60_000) };
  return write(texts, 'verifyAddress', to, facts, { code, url: linkTo(site, PAGES.verifyEmail, token) });
}

/** Somebody with the right password in a place that the account does not know. `reasons` in words; `at` in epoch milliseconds. */
export function securityCodeLetter(
  site: Site,
  texts: Texts,
  { to, code, at, reasons, ...seen }: Sighting & { to: string; code: string; at: number; reasons: readonly UnusualReason[] },
): Letter {
  const minutes = Math.round(site.codeLife / 60_000);
  const why = reasons.map((reason) => texts.unusual[reason]).join(' ');
  const facts = { host: hostOf(site), code, minutes, ...cleaned(seen), time: momentText(texts, at), reasons: why };
  return write(texts, 'securityCode', to, facts, { code, url: site.appOrigin + PAGES.forgot });
}

/** A sign-in that was let in, and that its owner should know of. The link says "this was not me". */
export function newSignInLetter(
  site: Site,
  texts: Texts,
  { to, at, token, ...seen }: Sighting & { to: string; at: number; token: string },
): Letter {
  const facts = { host: hostOf(site), ...cleaned(seen), time: momentText(texts, at) };
  return write(texts, 'newSignIn', to, facts, { url: linkTo(site, PAGES.notMe, token) });
}

/** Somebody signed up with an address that has an account: only its owner learns that. */
export function accountExistsLetter(site: Site, texts: Texts, { to }: { to: string }): Letter {
  return write(texts, 'accountExists', to, { host: hostOf(site) }, { url: site.appOrigin + PAGES.signIn });
}

/** A notice without a code: a code is made only when the held browser opens the page. `at` in epoch milliseconds. */
export function sessionHeldLetter(site: Site, texts: Texts, { to, at, ...seen }: Sighting & { to: string; at: number }): Letter {
  const facts = { host: hostOf(site), ...cleaned(seen), time: momentText(texts, at) };
  return write(texts, 'sessionHeld', to, facts, { url: site.appOrigin + PAGES.verifySignIn });
}

/** A service was linked: whoever has an account there gets in from now on. */
export function wayInAddedLetter(site: Site, texts: Texts, { to, service, ...seen }: Sighting & { to: string; service: string }): Letter {
  const facts = { host: hostOf(site), service, ...cleaned(seen) };
  return write(texts, 'wayInAdded', to, facts, { url: site.appOrigin + PAGES.dashboardSecurity });
}

export function passwordChangedLetter(site: Site, texts: Texts, { to, ...seen }: Sighting & { to: string }): Letter {
  return write(texts, 'passwordChanged', to, { host: hostOf(site), ...cleaned(seen) }, {});
}

/** A way to choose a new password, for whoever reads the mailbox of the account. */
export function resetPasswordLetter(site: Site, texts: Texts, { to, token }: { to: string; token: string }): Letter {
  const facts = { host: hostOf(site), minutes: Math.round(RESET_LIFE / 60_000) };
  return write(texts, 'resetPassword', to, facts, { url: linkTo(site, PAGES.reset, token) });
}

/** The same where an operator ended the old one. */
export function forcedResetLetter(site: Site, texts: Texts, { to, token }: { to: string; token: string }): Letter {
  const facts = { host: hostOf(site), minutes: Math.round(RESET_LIFE / 60_000) };
  return write(texts, 'forcedReset', to, facts, { url: linkTo(site, PAGES.reset, token) });
}

/** The first password of an account that had none. */
export function passwordAddedLetter(site: Site, texts: Texts, { to, ...seen }: Sighting & { to: string }): Letter {
  return write(texts, 'passwordAdded', to, { host: hostOf(site), ...cleaned(seen) }, {});
}

/** To the new address: only whoever reads it can finish the change. */
export function confirmEmailLetter(site: Site, texts: Texts, { to, token }: { to: string; token: string }): Letter {
  const facts = { host: hostOf(site), hours: Math.round(CONFIRM_LIFE / 3_600_000) };
  return write(texts, 'confirmEmail', to, facts, { url: linkTo(site, PAGES.confirmEmail, token) });
}

/** To the old address, before anything has moved. It does not name the new one. */
export function emailWillChangeLetter(site: Site, texts: Texts, { to, ...seen }: Sighting & { to: string }): Letter {
  const facts = { host: hostOf(site), ...cleaned(seen) };
  return write(texts, 'emailWillChange', to, facts, { url: site.appOrigin + PAGES.forgot });
}

/** To the old address: the way back. */
export function emailChangedLetter(site: Site, texts: Texts, { to, token, ...seen }: Sighting & { to: string; token: string }): Letter {
  const facts = { host: hostOf(site), ...cleaned(seen), days: Math.round(UNDO_LIFE / 86_400_000) };
  return write(texts, 'emailChanged', to, facts, { url: linkTo(site, PAGES.undoEmail, token) });
}

/** The operator invited this address to create an account. */
export function invitationLetter(site: Site, texts: Texts, { to, token }: { to: string; token: string }): Letter {
  const facts = { host: hostOf(site), days: Math.round(INVITATION_LIFE / 86_400_000) };
  return write(texts, 'invitation', to, facts, { url: invitationLink(site, token) });
}

export function invitationLink({ appOrigin }: Pick<Site, 'appOrigin'>, token: string): string {
  return `${appOrigin}${PAGES.signUp}?${new URLSearchParams({ invite: token })}`;
}

/** A linked service was unlinked. `service`: its name in words. */
export function wayInRemovedLetter(site: Site, texts: Texts, { to, service, ...seen }: Sighting & { to: string; service: string }): Letter {
  return write(texts, 'wayInRemoved', to, { host: hostOf(site), service: oneLine(service), ...cleaned(seen) }, {});
}

/** The last letter that an account gets. */
export function accountDeletedLetter(site: Site, texts: Texts, { to }: { to: string }): Letter {
  return write(texts, 'accountDeleted', to, { host: hostOf(site) }, {});
}

interface Wording {
  readonly subject: string;
  readonly heading: string;
  readonly body: string;
  readonly warning: string;
}

type Facts = Readonly<Record<string, string | number>>;

/** `shown` is what stands out: a code to read, or the one link. */
function write(texts: Texts, kind: LetterKind, to: string, facts: Facts, shown: { code?: string; url?: string }): Letter {
  const wording: Wording = texts.mails[kind];
  const url = shown.url ?? '';
  const plain = (text: string) => fill(text, { ...facts, url });
  const subject = plain(wording.subject);
  const paragraphs = [wording.body, wording.warning];
  return {
    kind,
    to,
    subject,
    text:
      [
        plain(wording.heading),
        ...(shown.code === undefined ? [] : [shown.code]),
        ...paragraphs.map(plain),
        `-- \n${plain(texts.mails.signature)}`,
      ].join('\n\n') + '\n',
    html: page(texts.language, subject, [
      `<h1 style="font-size:1.4em;margin:0 0 1em">${escapeHtml(plain(wording.heading))}</h1>`,
      ...(shown.code === undefined
        ? []
        : [`<p style="font:bold 2em/1.4 monospace;letter-spacing:.1em;margin:0 0 .7em">${escapeHtml(shown.code)}</p>`]),
      ...paragraphs.map((text) => `<p>${withLink(text, facts, url)}</p>`),
      `<p style="font-size:.9em;margin-top:2.5em">${escapeHtml(plain(texts.mails.signature))}</p>`,
    ]),
  };
}

function page(language: string, title: string, blocks: readonly string[]): string {
  return [
    `<!doctype html>`,
    `<html lang="${escapeHtml(language)}">`,
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escapeHtml(title)}</title></head>`,
    `<body style="font:1em/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em">`,
    ...blocks,
    `</body>`,
    `</html>`,
    '',
  ].join('\n');
}

/** The sentence is cut at `{url}` before anything is filled in, so that no fact can make a link. */
function withLink(text: string, facts: Facts, url: string): string {
  const link = `<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`;
  return text
    .split('{url}')
    .map((part) => escapeHtml(fill(part, facts)))
    .join(link);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function cleaned(seen: Sighting): { device: string; place: string } {
  return { device: oneLine(seen.device), place: oneLine(seen.place) };
}

/** One line of at most 80 characters, without control and direction-changing characters. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return Array.from(line).slice(0, 80).join('');
}

/** The page that uses the token when its form is sent. A link carries nothing but the token: no address, no name. */
function linkTo({ appOrigin }: Site, page: string, token: string): string {
  return `${appOrigin}${page}?${new URLSearchParams({ token })}`;
}

function hostOf({ origin }: Site): string {
  return new URL(origin).host;
}

function momentText(texts: Texts, at: number): string {
  return `${new Intl.DateTimeFormat(texts.language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(at)} UTC`;
}
