/**
 * What the log says of an error: its kind, its code, where it was thrown, and its message, where that is known to hold nothing that
 * somebody sent. All else that libraries hang on their errors (an answer of a mail server with the letter in it, the values of a row, the
 * body of a provider) is left out, not searched for secrets.
 */
export interface ErrorFacts {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly status?: number;
  readonly at: readonly string[];
  readonly cause?: ErrorFacts;
  readonly errors?: readonly ErrorFacts[];
}

const DEPTH_MAX = 4;
const ERRORS_MAX = 5;
const MESSAGE_MAX = 500;
const FRAMES_MAX = 8;

export function errorFacts(error: unknown, depth: number = 0): ErrorFacts {
  // Anything may be thrown; what it says nobody knows.
  if (!(error instanceof Error)) return { type: `thrown ${typeof error}`, message: '', at: [] };
  const { code, status } = error as Error & { readonly code?: unknown; readonly status?: unknown };
  const deeper = depth < DEPTH_MAX;
  return {
    type: error.name,
    message: messageFor(error),
    ...((typeof code === 'string' && /^[\w.-]{1,60}$/.test(code)) || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    at: framesOf(error),
    ...(deeper && error.cause !== undefined ? { cause: errorFacts(error.cause, depth + 1) } : {}),
    ...(deeper && error instanceof AggregateError
      ? { errors: error.errors.slice(0, ERRORS_MAX).map((each) => errorFacts(each, depth + 1)) }
      : {}),
  };
}

const LEFT_OUT = '(left out: it may repeat what was sent)';

function messageFor(error: Error): string {
  return repeatsInput(error) ? LEFT_OUT : censor(error.message).slice(0, MESSAGE_MAX);
}

/** Messages that quote: JSON.parse its text, PostgreSQL (class 22, data exception) a value, nodemailer the mail server, which quotes the letter. */
function repeatsInput(error: Error): boolean {
  if (error instanceof SyntaxError) return true;
  if ('severity' in error && 'code' in error) return String(error.code).startsWith('22');
  return 'responseCode' in error || 'response' in error || 'command' in error;
}

/** Our own tokens, tokens of others, passwords in addresses, values of queries, mail addresses: by their form, wherever they stand. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(pt[a-z]_)[\w-]{8,}/g, '$1***'],
  [/\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g, '***'],
  [/(:\/\/)[^\s/?#@]*@/g, '$1***@'],
  [/([?&][\w.-]{1,40}=)[^\s&#"')]+/g, '$1***'],
  // From the beginning of a word only: from each of its letters a long one would take its length squared.
  [/(?<![^\s<>"'(),;:=])[^\s<>"'(),;:=@]+@[^\s<>"'(),;:]+/g, '***'],
];

function censor(text: string): string {
  return FORMS.reduce((before, [form, instead]) => before.replace(form, instead), text.slice(0, 4 * MESSAGE_MAX));
}

/** The stack begins with the message, and a message may hold lines that look like frames. */
function framesOf({ stack = '', message }: Error): readonly string[] {
  const after = message === '' ? stack : stack.split(message).slice(1).join('');
  return after
    .split('\n')
    .filter((line) => /^ {4}at .*:\d+:\d+\)?$/.test(line))
    .slice(0, FRAMES_MAX)
    .map((line) => line.slice(7, 300));
}
