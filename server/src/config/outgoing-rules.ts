import type { OutgoingRules } from '../platform/outgoing.ts';
import type { Settings } from './rules.ts';

/** Which addresses of client sites may be called: in production https alone; elsewhere this machine too, so that a site can be tried out. */
export function outgoingRules({ mode, outgoingNetworks }: Pick<Settings, 'mode' | 'outgoingNetworks'>): OutgoingRules {
  const trying = mode !== 'production';
  return { plainHttp: trying, loopback: trying, networks: outgoingNetworks };
}
