import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';

/** Who did it, in the audit log: whoever has a shell on this machine. */
export function commandLine({ random }: Pick<Deps, 'random'>): Origin {
  return { requestId: `cli-${random(8).toString('base64url')}`, address: '', userAgent: 'portico' };
}
