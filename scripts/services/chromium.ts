import { type Found, findProgram, isProgram, type Service } from './service.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** The browser for the page tests; they read its path from CHROMIUM_PATH. */
export const chromium: Service = { name: 'Chromium', packages: ['chromium'], find: findChromium };

async function findChromium(): Promise<Found | null> {
  const named = process.env.CHROMIUM ?? process.env.CHROMIUM_PATH;
  if (named !== undefined && !isProgram(named)) throw new Error(`CHROMIUM names ${named}, which is not a program`);
  const path = named ?? NAMES.map(findProgram).find((found) => found !== null) ?? (isProgram(MAC) ? MAC : null);
  return path === null ? null : { what: path, env: { CHROMIUM_PATH: path }, stop: async () => {} };
}
