import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Found, findProgram, isProgram, type Service } from './service.ts';

/** Clients that none of us wrote, as Debian ships them. Nothing is started here: the tests run each with a configuration of its own. */

/** Where Debian puts servers; not on everybody's PATH. */
const findServer = (name: string): string | null => findProgram(name) ?? [`/usr/sbin/${name}`].find(isProgram) ?? null;
const found = (what: string, env: Found['env']): Found => ({ what, env, stop: async () => {} });

/** Debian's own: its packages are not on the path of a Python that somebody built. */
const PYTHON = '/usr/bin/python3';
const OPENIDC_MODULE = '/usr/lib/apache2/modules/mod_auth_openidc.so';

/** Apache signs its visitors in. Without the package `apache2`, so that no system service comes along. */
export const apache: Service = {
  name: 'Apache with mod_auth_openidc',
  packages: ['apache2-bin', 'libapache2-mod-auth-openidc'],
  async find() {
    const path = findServer('apache2');
    return path === null || !existsSync(OPENIDC_MODULE) ? null : found(path, { APACHE_PATH: path });
  },
};

/** nginx asks the verifier before it lets anybody through. */
export const nginx: Service = {
  name: 'nginx',
  packages: ['nginx-light'],
  async find() {
    const path = findServer('nginx');
    return path === null ? null : found(path, { NGINX_PATH: path });
  },
};

/** Authlib, a client in Python. */
export const authlib: Service = {
  name: 'Authlib',
  packages: ['python3-authlib', 'python3-requests'],
  async find() {
    const works = isProgram(PYTHON) && spawnSync(PYTHON, ['-c', 'import authlib, requests'], { stdio: 'ignore' }).status === 0;
    return works ? found(`${PYTHON} has it`, { AUTHLIB_PYTHON: PYTHON }) : null;
  },
};
