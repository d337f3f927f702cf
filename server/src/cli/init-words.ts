import { findOriginProblem } from '@portico/protocol/addresses';
import { addressSentence } from '../clients/check-address.ts';
import type { ClientOptions } from './client-words.ts';

/** What `portico init --docker` asks for. */
export interface InitCommand {
  readonly kind: 'init';
  /** As it was typed; null: the folder of the caller. */
  readonly folder: string | null;
  readonly origin: string;
  readonly json: boolean;
}

export const INIT_OPTIONS = { docker: { type: 'boolean' } } as const;
export const INIT_TAKES: readonly string[] = ['json', 'origin', ...Object.keys(INIT_OPTIONS)];

export const INIT_HELP = `  init --docker [DIR]    write what docker compose needs to run two nodes with PostgreSQL, Valkey
                         and a proxy, with fresh secrets; --origin ORIGIN says where (docs/containers.md)
`;

/** For trying it out on one's own machine. */
const TRY_ORIGIN = 'http://localhost:8080';

export interface InitOptions extends Pick<ClientOptions, 'origin'> {
  readonly docker?: boolean;
}

/** A text is the problem, in one line. */
export function parseInit(word: string | undefined, options: InitOptions, json: boolean): InitCommand | string {
  if (options.docker !== true) return 'init needs --docker: that is what it writes files for';
  const [origin = TRY_ORIGIN, second] = options.origin ?? [];
  if (second !== undefined) return '--origin came more than once';
  // In clear text it must be this machine: the same rule as for the addresses of sites.
  const problem = findOriginProblem(origin);
  if (problem !== null) return `--origin ${JSON.stringify(origin)} ${addressSentence(problem)}`;
  return { kind: 'init', folder: word ?? null, origin, json };
}
