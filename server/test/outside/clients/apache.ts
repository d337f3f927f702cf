import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Person } from '../person.ts';
import type { AuthServer, ClientWish, RegisteredClient } from '../servers/auth-server.ts';
import { startProgram } from './program.ts';

/** A site that knows nothing of OAuth, behind Apache with mod_auth_openidc. */
export interface ApacheSite {
  readonly origin: string;
  /** Who Apache takes the person for; null where it knows nobody. */
  whoIs(person: Person): Promise<Inside | null>;
  /** Apache fetches new tokens. */
  refresh(person: Person, before: Inside): Promise<void>;
  readonly signOutAddress: string;
  readonly signedOutAddress: string;
  printed(): string;
  close(): Promise<void>;
}

export interface Inside {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly userinfo: { readonly sub: string; readonly email: string };
}

const CALLBACK = '/protected/callback';
const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'auth_openidc'];

/** What Apache is registered as. The server reaches it at 127.0.0.1; browsers know it as localhost, so that it shares no cookie with the server. */
export function apacheWish(port: number): ClientWish {
  return {
    id: 'site-apache',
    kind: 'web',
    sendsSecret: 'basic',
    redirectUris: [`http://localhost:${port}${CALLBACK}`],
    postLogoutUris: [`http://localhost:${port}/signed-out`],
    backchannelLogoutUri: `http://127.0.0.1:${port}${CALLBACK}?logout=backchannel`,
  };
}

export async function startApache(path: string, port: number, server: AuthServer, client: RegisteredClient): Promise<ApacheSite> {
  const origin = `http://localhost:${port}`;
  const program = await startProgram(path, port, (folder) => {
    // As root Apache hands the work to processes of another user.
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'site', 'protected'), { recursive: true });
    writeFileSync(join(folder, 'site', 'protected', 'index.html'), 'inside');
    writeFileSync(join(folder, 'site', 'signed-out'), 'outside');
    writeFileSync(join(folder, 'apache.conf'), configuration(folder, port, server, client));
    return ['-DFOREGROUND', '-d', folder, '-f', join(folder, 'apache.conf')];
  });
  const callback = `${origin}${CALLBACK}`;
  const signedOutAddress = `${origin}/signed-out`;
  return {
    origin,
    signedOutAddress,
    signOutAddress: `${callback}?logout=${encodeURIComponent(signedOutAddress)}`,
    whoIs: async (person) => {
      const answer = await person.ask(`${callback}?info=json`);
      return answer.status === 200 ? ((await answer.json()) as Inside) : null;
    },
    refresh: async (person, { access_token }) => {
      const query = new URLSearchParams({ refresh: `${origin}/signed-out`, access_token });
      const { url } = await person.open(`${callback}?${query}`);
      if (url.searchParams.has('error_code')) throw new Error(`Apache was not given new tokens: ${url.searchParams.get('error_code')}`);
    },
    printed: program.printed,
    close: program.close,
  };
}

function configuration(folder: string, port: number, { issuer, scope }: AuthServer, { id, secret }: RegisteredClient): string {
  return `
ServerRoot ${folder}
ServerName localhost:${port}
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/log
LogLevel warn
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
DocumentRoot ${folder}/site
DirectoryIndex index.html

OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${id}
OIDCClientSecret ${secret}
OIDCRedirectURI http://localhost:${port}${CALLBACK}
OIDCScope "${scope}"
OIDCPKCEMethod S256
OIDCIDTokenSignedResponseAlg ES256
OIDCCryptoPassphrase ${randomBytes(24).toString('hex')}
OIDCInfoHook access_token refresh_token userinfo
<Location /protected>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /signed-out>
  Require all granted
</Location>
`;
}
