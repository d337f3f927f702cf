import type { Refusal } from '@portico/protocol/errors';
import type { FormState } from '@portico/ui/views';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import { readCaller } from '../caller.ts';
import { type Form, readForm, refusedForm, requireFormToken } from './form.ts';

/** What a form of a page before sign-in does, and what is shown when it was refused. */
export interface GuestForm {
  /** Fields that the page shows again. */
  readonly keep: readonly string[];
  readonly work: (caller: Caller, form: Form) => Promise<FastifyReply>;
  readonly again: (caller: Caller, state: FormState, refusal: Refusal, form: Form) => Promise<FastifyReply> | FastifyReply;
}

/** Checks the form's token and runs its verb; a refusal shows the page again, with what was typed and why it did not work. */
export async function submitGuestForm(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  { keep, work, again }: GuestForm,
): Promise<FastifyReply> {
  const caller = readCaller(deps.config, request);
  const form = readForm(request);
  try {
    await requireFormToken(deps, caller, form);
    return await work(caller, form);
  } catch (error) {
    const { state, status, refusal } = refusedForm(error, form, keep);
    reply.code(status);
    if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
    return again(caller, state, refusal, form);
  }
}
