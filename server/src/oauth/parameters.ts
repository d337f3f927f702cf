import { OAuthRefusal } from '@portico/protocol/errors';

/** The parameters of an OAuth request: each at most once, unknown ones are there and mean nothing (RFC 6749 3.1). */
export type Parameters = Readonly<Record<string, string>>;

/** A parameter that the call cannot do without. */
export function requireParameter(parameters: Parameters, name: string): string {
  const value = parameters[name];
  if (value === undefined) throw new OAuthRefusal('invalid_request', `${name} is missing`);
  return value;
}

/**
 * A token is for the client that it was asked for by, and for nobody else: whoever names another audience (RFC 8707) is refused, and not
 * answered with a token that means something else than was asked for (GHSA-p2fr-6hmx-4528).
 */
export function requireOwnTarget(parameters: Parameters, clientId: string): void {
  const targets = [parameters['resource'], parameters['audience']];
  if (targets.some((target) => target !== undefined && target !== clientId))
    throw new OAuthRefusal('invalid_target', 'tokens are for the client itself');
}
