/** Every limit on guessing and on mail, in one place; `docs/threats.md` is checked against it. Windows are milliseconds. */

export interface Limit {
  /** First part of the counter's name. */
  readonly name: string;
  readonly max: number;
  /** In milliseconds, from the first try. */
  readonly window: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Wrong passwords for one account from browsers that it does not know. */
export const SIGN_IN_STRANGERS: Limit = { name: 'signin-account', max: 10, window: 15 * MINUTE };
/** Wrong passwords for one account from browsers that it does not know, over a day: it forbids nothing, it makes a new device more unusual. */
export const WRONG_ACCOUNT: Limit = { name: 'wrong-account', max: 10, window: 24 * HOUR };
/** Wrong passwords from one known device: its owner still gets in while strangers attack the account. */
export const SIGN_IN_KNOWN_DEVICE: Limit = { name: 'signin-device', max: 10, window: 15 * MINUTE };
/** Guesses of any kind that one IPv4 address or IPv6 /64 may have under way or have lost. */
export const GUESS_NETWORK: Limit = { name: 'guess-network', max: 50, window: 15 * MINUTE };
/** The same for an IPv4 /24 or an IPv6 /48: who has many addresses side by side is still one guesser. */
export const GUESS_WIDER_NETWORK: Limit = { name: 'guess-wider-network', max: 500, window: 15 * MINUTE };
/** Guesses of one IPv4 address or IPv6 /64 that were looked at and wrong. When this is full the network is suspended. */
export const WRONG_NETWORK: Limit = { name: 'wrong-network', max: 50, window: 15 * MINUTE };
/** Codes of providers that one network may bring and that prove nobody. */
export const PROVIDER_NETWORK: Limit = { name: 'provider-network', max: 60, window: 15 * MINUTE };
/** Letters that one network may cause, to whomever: sign-ups, further codes, reminders. */
export const MAIL_NETWORK: Limit = { name: 'mail-network', max: 20, window: HOUR };
/** Letters to one address, whoever asks. */
export const MAIL_ADDRESS: Limit = { name: 'mail-address', max: 5, window: HOUR };
/** Resets of one account that operators force, each with a letter. */
export const FORCED_RESETS: Limit = { name: 'forced-resets', max: 5, window: HOUR };
/** Codes typed for one account, over all its codes and browsers. */
export const CODE_ACCOUNT: Limit = { name: 'code-account', max: 20, window: HOUR };
/** Codes mailed for held sessions of one account. */
export const HELD_CODES: Limit = { name: 'held-codes', max: 3, window: HOUR };
/** Codes mailed to a signed-in user who proves once more who they are. */
export const PROOF_CODES: Limit = { name: 'proof-codes', max: 5, window: HOUR };
/** Codes mailed for unusual sign-ins of one account: a known device has its own. */
export const SIGN_IN_CODES: Limit = { name: 'signin-codes', max: 5, window: HOUR };
/** Letters that tell of a sign-in from one network and family of browsers: whoever ticks no "keep me signed in" is not told every day. */
export const SIGN_IN_NOTICES: Limit = { name: 'signin-notices', max: 1, window: 7 * 24 * HOUR };
/** Sign-ups of one address, or unusual sign-ins of one account, that may wait at a time. */
export const WAITING_ACCOUNT: Limit = { name: 'waiting-account', max: 20, window: 24 * HOUR };
/** Exports of everything that is kept about a user. */
export const EXPORTS_USER: Limit = { name: 'exports-user', max: 10, window: HOUR };
/** Own passwords typed by a signed-in user, to change it or to prove who they are. */
export const PASSWORD_USER: Limit = { name: 'password-user', max: 10, window: 15 * MINUTE };
/** Requests of client sites that one network may have kept while somebody signs in or is asked. */
export const AUTHORIZE_NETWORK: Limit = { name: 'authorize-network', max: 300, window: 15 * MINUTE };
/** Failed proofs of one client site that are written into the audit log: it forbids nothing, it keeps strangers from filling the log. */
export const CLIENT_REFUSALS: Limit = { name: 'client-refusals', max: 10, window: HOUR };
/** Test logouts that operators may send to one host: whoever may register an address must not hammer others by it. */
export const LOGOUT_TESTS: Limit = { name: 'logout-tests', max: 10, window: 15 * MINUTE };
/** Codes that devices of one network may ask for. */
export const DEVICE_NETWORK: Limit = { name: 'device-network', max: 60, window: 15 * MINUTE };
/** Codes of devices that one signed-in user may have typed wrong. */
export const DEVICE_USER: Limit = { name: 'device-user', max: 10, window: 15 * MINUTE };
