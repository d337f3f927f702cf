import type { Facts } from '../audit/facts.ts';
import { type Client, settingsOf } from './client.ts';

/** What the audit log keeps of a registration: everything that was chosen. Of the keys their names; secrets are no part of a client. */
export function factsOf(client: Client): Facts {
  const { kind, authentication, jwks } = client;
  return { ...settingsOf(client), kind, authentication, ...(jwks === null ? {} : { keys: namesOf(jwks) }) };
}

function namesOf(jwks: string): (string | null)[] {
  return (JSON.parse(jwks) as { keys: { kid?: string }[] }).keys.map(({ kid }) => kid ?? null);
}
