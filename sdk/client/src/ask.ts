import { PorticoError } from './error.ts';

export interface Question {
  readonly headers?: Readonly<Record<string, string>>;
  /** Posted: a form, or what travels as JSON. Without: a GET. */
  readonly body?: object | URLSearchParams;
  readonly credentials: RequestCredentials;
  /** Ends with `dropped`. */
  readonly signal: AbortSignal;
}

export interface Reply {
  /** Null: 204. */
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly headers: Headers;
}

const JSON_TYPE = 'application/json';
/** Milliseconds for the whole answer. */
const ANSWER_WITHIN = 10_000;

/** Asks Portico or a site's backend. Throws PorticoError: its code as answered, `offline` where no answer of theirs came, `dropped`. */
export async function ask(url: string, { headers, body, credentials, signal }: Question): Promise<Reply> {
  const isForm = body instanceof URLSearchParams;
  try {
    const answer = await fetch(url, {
      credentials,
      // A token that comes out of a cache would be somebody's past.
      cache: 'no-store',
      headers: { accept: JSON_TYPE, ...(body && !isForm ? { 'content-type': JSON_TYPE } : {}), ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN)]),
      ...(body ? { method: 'POST', body: isForm ? body : JSON.stringify(body) } : {}),
    });
    return await read(answer);
  } catch (error) {
    if (signal.aborted) throw new PorticoError('dropped');
    throw error instanceof PorticoError ? error : new PorticoError('offline', { cause: error });
  }
}

async function read(answer: Response): Promise<Reply> {
  const { status, headers } = answer;
  const text = await answer.text();
  if (text === '' && answer.ok) return { body: null, headers };
  // A gateway's own page, or a hotel's: no JSON, and so nothing that could sign anybody out.
  const body: unknown = JSON.parse(text);
  if (typeof body !== 'object' || body === null) throw new PorticoError('offline', { status });
  const said = body as Readonly<Record<string, unknown>>;
  if (answer.ok) return { body: said, headers };
  const { error } = said;
  const after = Number(headers.get('retry-after'));
  const date = headers.get('date');
  throw new PorticoError(typeof error === 'string' ? error : 'offline', { status, answer: { ...said, after, date } });
}
