import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Begun, type Library, placesOf, type Tokens } from './library.ts';

const PROGRAM = fileURLToPath(new URL('authlib_site.py', import.meta.url));

/** Authlib, in a Python of its own: it is told what to do by a line of JSON, and answers with one. Its secret goes in the body. */
export function authlib(python: string): Library {
  return {
    name: 'Authlib',
    connect: async ({ issuer, scope }, site) => {
      const { redirectUri, postLogoutUri } = placesOf(site);
      const child = spawn(python, ['-I', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
      const gone = once(child, 'exit');
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const call = async <T>(order: object): Promise<T> => {
        child.stdin.write(`${JSON.stringify(order)}\n`);
        const { value, done } = await lines.next();
        if (done === true) throw new Error('Authlib ended');
        const answer = JSON.parse(value) as { readonly answer?: T; readonly error?: string };
        if (answer.answer === undefined) throw new Error(answer.error);
        return answer.answer;
      };
      await call({
        do: 'connect',
        issuer,
        client_id: site.id,
        client_secret: site.secret,
        scope,
        redirect_uri: redirectUri,
        post_logout_redirect_uri: postLogoutUri,
      });
      return {
        begin: (extra = {}) => call<Begun>({ do: 'begin', extra }),
        finish: ({ kept }, { href }) => call<Tokens>({ do: 'finish', kept, address: href }),
        refresh: (tokens) => call<Tokens>({ do: 'refresh', tokens }),
        userinfo: ({ accessToken }) => call({ do: 'userinfo', accessToken }),
        signOutAddress: ({ idToken }, state) => call<string>({ do: 'sign-out', idToken, state }),
        close: async () => {
          child.stdin.end();
          await gone;
        },
      };
    },
  };
}
