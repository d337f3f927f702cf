import { readFileSync } from 'node:fs';
import { type Needs, readNeeds } from './needs.ts';
import { readOptions, type Settings, type VerifierOptions } from './options.ts';

/** What both kits ask for: who this server is to Portico, and where browsers find it. */
export interface KitOptions extends Omit<VerifierOptions, 'audience' | 'clientId' | 'clientSecret'> {
  readonly clientId: string;
  /** What `portico client add` printed, or the file that holds it. */
  readonly clientSecret?: string;
  readonly clientSecretFile?: string;
  /** This site's own origin, as browsers write it: https, or http on this machine. Never taken from a request. */
  readonly baseUrl: string;
}

export interface KitSettings {
  readonly settings: Settings;
  /** What a verifier of this site's own tokens is made with. */
  readonly verifier: VerifierOptions;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly origin: string;
  /** Of every route: what the routes of the kit itself do not ask for. */
  readonly needs: Needs;
}

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const CLIENT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Throws TypeError: what is wrong here is wrong for every request. */
export function readKitOptions(options: KitOptions): KitSettings {
  const { clientId, clientSecretFile, clientSecret: given, baseUrl, needs = {}, ...rest } = options;
  // It becomes part of the names of cookies.
  if (!CLIENT_ID.test(clientId)) throw new TypeError('clientId must be what "portico client add" printed');
  const clientSecret = given ?? (clientSecretFile === undefined ? '' : readFileSync(clientSecretFile, 'utf8').trim());
  if (clientSecret === '') throw new TypeError('clientSecret or clientSecretFile: a site with a backend proves itself');
  const url = URL.parse(baseUrl);
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw new TypeError('baseUrl must be the origin of this site, such as https://notes.example.net');
  // Cookies that travel in clear text are everybody's on the way.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw new TypeError('baseUrl must be https, or http on this machine');
  const verifier = { ...rest, audience: clientId, clientSecret };
  readNeeds(needs);
  return { settings: readOptions(verifier), verifier, clientId, clientSecret, origin: url.origin, needs };
}
