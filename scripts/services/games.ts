import { existsSync } from 'node:fs';
import { type Found, findProgram, type Service } from './service.ts';

/** What runs the files that game developers copy into their games. Nothing is started here. */

const found = (what: string, env: Found['env']): Found => ({ what, env, stop: async () => {} });

/** Debian's; the compiler finds it by its name. */
const HTTP_LIBRARY = '/usr/lib/mono/4.5/System.Net.Http.dll';

/** Compiles and runs `games/Portico.cs`. */
export const mono: Service = {
  name: 'Mono',
  packages: ['mono-mcs', 'mono-runtime', 'libmono-system-net-http4.0-cil'],
  async find() {
    const [compiler, runtime] = [findProgram('mcs'), findProgram('mono')];
    if (compiler === null || runtime === null || !existsSync(HTTP_LIBRARY)) return null;
    return found(`${compiler} and ${runtime}`, { MCS_PATH: compiler, MONO_RUNTIME: runtime });
  },
};

/** Runs `games/portico.gd`, without a screen. */
export const godot: Service = {
  name: 'Godot',
  packages: ['godot3-server'],
  async find() {
    const path = findProgram('godot3-server');
    return path === null ? null : found(path, { GODOT3_PATH: path });
  },
};
