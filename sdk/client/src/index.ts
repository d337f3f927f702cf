export { CODES, DOCS_BASE, PorticoError } from './error.ts';
export { createPortico } from './portico.ts';
export type { AppMode, AppUser, Portico, PorticoOptions, PorticoSession, SessionStatus, SignInOptions, SignOutOptions } from './types.ts';
