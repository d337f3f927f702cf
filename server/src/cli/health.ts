import { isIPv4, isIPv6 } from 'node:net';
import { SYSTEM } from '@portico/protocol/routes';
import { inspectConfig } from '../config.ts';
import { createNetwork, NetworkTrouble } from '../platform/network.ts';

/** Milliseconds. With the start of the command itself it stays within the 3 s that whoever asks may wait. */
const PATIENCE = 2000;

/**
 * Asks the server of these settings, on this machine, whether it is alive: what a container's health check runs. Exit code 1 if not.
 * Not whether it is ready: a node that is ended because its database does not answer helps nobody.
 */
export async function health(): Promise<number> {
  const { host, port } = inspectConfig();
  const address = `http://${nearestHost(host)}:${port}${SYSTEM.health}`;
  try {
    const answer = await createNetwork({ callWithin: PATIENCE }).ask(address, {});
    if (answer.ok) {
      console.log('alive');
      return 0;
    }
    console.error(`portico: ${address} answers ${answer.status}`);
  } catch (error) {
    if (!(error instanceof NetworkTrouble)) throw error;
    console.error(`portico: nobody is alive at ${address}: ${error.reason}`);
  }
  return 1;
}

/** Who listens on every address of the machine is asked at its own. */
function nearestHost(host: string): string {
  if (isIPv4(host)) return host === '0.0.0.0' ? '127.0.0.1' : host;
  if (!isIPv6(host)) return host;
  return /^[0:]+$/.test(host) ? '[::1]' : `[${host}]`;
}
