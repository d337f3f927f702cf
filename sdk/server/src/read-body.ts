import { BODY_MAX, BodyTooLarge } from './node-http.ts';
import { SiteRefusal } from './refusals.ts';

/** What was sent, as fields: JSON, or a plain form. Throws SiteRefusal or BodyTooLarge. */
export async function readFields(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const text = await limited(request);
  if (text === '') return {};
  if (isForm(request)) return Object.fromEntries(new URLSearchParams(text));
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch {
    // No JSON.
  }
  throw new SiteRefusal('invalid_fields');
}

export function isForm({ headers }: Pick<Request, 'headers'>): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(headers.get('content-type') ?? '');
}

/** Also where the framework made the request, and counted nothing. */
async function limited({ body }: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > BODY_MAX) throw new BodyTooLarge();
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
