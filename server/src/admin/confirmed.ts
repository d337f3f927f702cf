import { Refusal } from '@portico/protocol/errors';

/** A destructive act asks for the name of what it destroys, so that nobody removes the wrong one of two. Throws `invalid_fields`. */
export function requireConfirmed(typed: string, name: string): void {
  if (typed.trim().toLowerCase() !== name.trim().toLowerCase())
    throw new Refusal('invalid_fields', { fields: { confirm: 'confirm_differs' } });
}
