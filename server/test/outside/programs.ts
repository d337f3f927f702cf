import { existsSync } from 'node:fs';

/** Programs that npm does not bring. `npm test` finds or installs them and says where they are; a test run by hand looks where Debian puts them. */
const PROGRAMS = {
  apache: { path: process.env['APACHE_PATH'] ?? '/usr/sbin/apache2', needs: ['/usr/lib/apache2/modules/mod_auth_openidc.so'] },
  nginx: { path: process.env['NGINX_PATH'] ?? '/usr/sbin/nginx', needs: [] },
  authlib: { path: process.env['AUTHLIB_PYTHON'] ?? '/usr/bin/python3', needs: ['/usr/lib/python3/dist-packages/authlib'] },
} as const satisfies Record<string, { readonly path: string; readonly needs: readonly string[] }>;

export function programPath(name: keyof typeof PROGRAMS): string {
  return PROGRAMS[name].path;
}

/** What `node:test` takes as `skip`: a reason that is printed, or false. A machine that promises everything (CI) may not skip. */
export function reasonToSkip(name: keyof typeof PROGRAMS): string | false {
  const { path, needs } = PROGRAMS[name];
  const missing = [path, ...needs].find((file) => !existsSync(file));
  if (missing === undefined) return false;
  if (process.env['CI'] === 'true') throw new Error(`${missing} is not there`);
  console.error(`SKIPPED: ${missing} is not there, so that nothing was tried with ${name}`);
  return `${missing} is not there`;
}
