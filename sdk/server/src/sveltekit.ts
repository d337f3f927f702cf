import type { IncomingMessage } from 'node:http';
import type { Asker } from './bearer.ts';
import { PorticoError } from './errors.ts';
import type { Needs } from './needs.ts';
import type { VerifierOptions } from './options.ts';
import type { VerifiedUser } from './user.ts';
import { createVerifier, type Verifier } from './verifier.ts';

declare global {
  namespace App {
    interface Locals {
      portico: Verifier;
      /** Null: the request came without a token that is good here. */
      user: VerifiedUser | null;
    }
  }
}

/** What is used of SvelteKit's RequestEvent. */
interface AskingEvent {
  readonly request: Request;
  readonly locals: App.Locals;
  readonly isDataRequest: boolean;
  /** Of an adapter for Node: its own request. */
  readonly platform?: unknown;
}

interface Resolving<Event> {
  readonly event: Event;
  readonly resolve: (event: Event) => Response | Promise<Response>;
}

type ThrowError = (status: number, message: string) => never;

export interface SvelteKitOptions extends VerifierOptions {
  /** SvelteKit's own `error`: it answers with the status of what its own copy made, and a copy that came with a package is another one. */
  readonly error: ThrowError;
}

export interface PorticoHandle {
  <Event extends AskingEvent>(asked: Resolving<Event>): Promise<Response>;
  readonly verifier: Verifier;
}

/** By `locals`, the one object that all views of an event share. */
const asked = new WeakMap<App.Locals, { readonly error: ThrowError; refusal: PorticoError | null }>();

/** For `hooks.server.ts`: `export const handle = portico({ issuer, audience, clientSecret, error })`. Puts `portico` and `user` into `locals`. */
export function portico({ error, ...options }: SvelteKitOptions): PorticoHandle {
  const verifier = createVerifier(options);
  const check = verifier.guard();
  const handle = async <Event extends AskingEvent>({ event, resolve }: Resolving<Event>) => {
    const { locals } = event;
    const state: { readonly error: ThrowError; refusal: PorticoError | null } = { error, refusal: null };
    asked.set(locals, state);
    locals.portico = verifier;
    locals.user = await check(askerOf(event)).catch(orNobody);
    const response = await resolve(event);
    const { refusal } = state;
    // A route may have caught the refusal and answered something else.
    return refusal === null || response.status !== refusal.status ? response : answerOf(refusal, response, event);
  };
  return Object.assign(handle, { verifier });
}

/** The user of a request, in a `load`, an action or an endpoint. Else throws what SvelteKit answers with the status, and `handle` with headers and body. */
export async function requireUser(event: Omit<AskingEvent, 'isDataRequest'>, needs?: Needs): Promise<VerifiedUser> {
  const state = asked.get(event.locals);
  if (state === undefined) throw new TypeError('hooks.server.ts does not export the handle of portico()');
  try {
    return await event.locals.portico.verify(askerOf(event), needs);
  } catch (cause) {
    if (!(cause instanceof PorticoError)) throw cause;
    state.refusal = cause;
    return state.error(cause.status, cause.hint);
  }
}

/** SvelteKit is given the first of two headers with one name; Node's own request has both. */
function askerOf({ request: { headers }, platform }: Pick<AskingEvent, 'request' | 'platform'>): Asker {
  const { req } = (platform ?? {}) as { readonly req?: IncomingMessage };
  return req === undefined ? { headers } : { headers, rawHeaders: req.rawHeaders };
}

function orNobody(cause: unknown): null {
  if (cause instanceof PorticoError) return null;
  throw cause;
}

/** A page that was asked for, and what its scripts ask for, stay what SvelteKit made of them; everything else answers as every other site does. */
function answerOf(refusal: PorticoError, response: Response, { isDataRequest, request }: AskingEvent): Response {
  const wants = request.headers.get('accept')?.includes('text/html') === true;
  const isPage = isDataRequest || (wants && response.headers.get('content-type')?.startsWith('text/html') === true);
  if (!isPage) return refusal.toResponse();
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(refusal.headers)) headers.set(name, value);
  return new Response(response.body, { status: response.status, headers });
}
