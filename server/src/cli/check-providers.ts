import { SYSTEM } from '@portico/protocol/routes';
import { at } from '../auth/auth-providers/definition.ts';
import { AUTH_PROVIDERS } from '../auth/auth-providers/registry.ts';
import type { Settings } from '../config.ts';
import { type Visited, visit } from '../platform/visit.ts';
import { type Check, callPatience, codeOf, type Examination, lookAtEach } from './check.ts';

interface OfferedAddress {
  readonly label: string;
  /** What is opened: the discovery document, or the page that people sign in on. */
  readonly address: string;
  /** What the document must say of itself; null: there is no document. */
  readonly issuer: string | null;
}

/** The first address that a sign-in with each offered provider needs. */
export function providerAddresses({ providers }: Settings): readonly OfferedAddress[] {
  return AUTH_PROVIDERS.flatMap((definition): OfferedAddress[] => {
    const access = Object.hasOwn(providers, definition.name) ? providers[definition.name] : undefined;
    if (access === undefined) return [];
    const { label } = definition;
    if (definition.protocol === 'oauth') return [{ label, address: definition.endpoints(access.addresses).authorize, issuer: null }];
    const issuer = definition.issuer(access.addresses);
    // OpenID Connect Discovery 1.0, 4: appended to the issuer, whatever path that has.
    return [{ label, address: at(issuer, SYSTEM.openIdConfiguration.slice(1)), issuer }];
  });
}

/** Whether the services that people sign in with can be reached from here. */
export async function checkProviders({ settings, outside }: Examination): Promise<readonly Check[]> {
  const offered = providerAddresses(settings);
  if (offered.length === 0) return [{ name: 'providers', state: 'ok', finding: 'none is offered' }];
  return lookAtEach(outside, 'providers', offered, async ({ label, address, issuer }): Promise<readonly Check[]> => {
    const name = `provider ${label}`;
    const answer = await visit(outside.names, address, callPatience(outside)).catch((cause: unknown) => codeOf(cause));
    const problem = typeof answer === 'string' ? `${address} is not reached (${answer})` : answerProblem(answer, address, issuer);
    if (problem === null) return [{ name, state: 'ok', finding: `${address} answers` }];
    return [
      {
        name,
        state: 'fail',
        finding: problem,
        fix: 'check its address in the settings, and whether this machine may call it; meanwhile nobody signs in with it',
      },
    ];
  });
}

function answerProblem({ status, body }: Visited, address: string, issuer: string | null): string | null {
  if (issuer === null) return status < 500 && status !== 404 ? null : `${address} answers ${status}`;
  if (status !== 200) return `${address} answers ${status}`;
  const said = issuerIn(body);
  // OpenID Connect Discovery 4.3: exactly the one that was asked for.
  return said === issuer ? null : `${address} is not the document of ${issuer}${said === null ? '' : `, but of ${said}`}`;
}

function issuerIn(body: string): string | null {
  try {
    const { issuer } = JSON.parse(body) as { readonly issuer?: unknown };
    return typeof issuer === 'string' ? issuer : null;
  } catch {
    return null;
  }
}
