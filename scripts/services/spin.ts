import { type Found, findProgram, type Service } from './service.ts';

/** The model checker of the refresh protocol, and the C compiler its models pass through; the tests read SPIN_PATH. */
export const spin: Service = { name: 'spin', packages: ['spin', 'gcc', 'libc6-dev'], find: findSpin };

async function findSpin(): Promise<Found | null> {
  const path = findProgram('spin');
  const compiler = findProgram('gcc');
  if (path === null || compiler === null) return null;
  return { what: `${path} with ${compiler}`, env: { SPIN_PATH: path }, stop: async () => {} };
}
