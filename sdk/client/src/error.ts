/** Where the pages about codes are, in Portico's repository. */
export const DOCS_BASE = 'docs/errors';

/** What this package says by itself; every other code is Portico's own (`docs/errors.md`). */
export const CODES = {
  options_invalid: 'issuer, api and origins must be addresses, clientId a name.',
  client_unknown: 'No such app at this origin. Register it: portico add.',
  issuer_differs: 'Portico goes by another name than this issuer.',
  return_to_refused: 'returnTo must be a path of this app, such as /scores.',
  redirect_loop: 'Three sign-ins within ten seconds came to nothing. Are cookies blocked?',
  storage_unavailable: 'This mode cannot do without the storage of the browser.',
  offline: 'No answer came. Nobody is signed out by that.',
  dropped: 'A sign-in, a sign-out or close() came first.',
} as const;

/** Thrown by everything here that fails. `status` is 0 where there was no answer. */
export class PorticoError extends Error {
  /** One of `CODES`, or what Portico answered. */
  readonly code: string;
  readonly status: number;
  /** What to do about it; for developers. */
  readonly hint: string;
  /** The page about the code, in Portico's repository. */
  readonly docs: string;
  /** What Portico answered beside the code, such as `verifyUrl`. */
  readonly answer: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    {
      status = 0,
      answer = {},
      cause,
    }: { readonly status?: number; readonly answer?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    const said = answer['message'] ?? answer['error_description'];
    const hint = (CODES as Readonly<Record<string, string>>)[code] ?? (typeof said === 'string' ? said : code);
    super(`${code}: ${hint}`, { cause });
    this.name = 'PorticoError';
    this.code = code;
    this.status = status;
    this.hint = hint;
    this.docs = `${DOCS_BASE}/${code}.md`;
    this.answer = answer;
  }
}

export function asPorticoError(error: unknown): PorticoError {
  return error instanceof PorticoError ? error : new PorticoError('offline', { cause: error });
}
