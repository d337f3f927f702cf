import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartProblem } from '../start-problem.ts';
import { folderOfCaller, PORTICO_FOLDER } from './add/find-portico.ts';
import { COPIES, envFile, readDockerFile } from './init/docker-files.ts';
import { makeSecrets } from './init/secret-files.ts';
import { type NewFile, type Owner, writeNew } from './init/write-new.ts';
import type { InitCommand } from './init-words.ts';

/** The user of the image. Whoever is root hands the secrets to it, because a container that runs as root is what nobody wants. */
const IMAGE_USER: Owner = { uid: 1000, gid: 1000 };
const TLS_NOTE = `Here belong fullchain.pem, the certificate with its chain, and privkey.pem, its key, readable by the owner of this folder:
the names that certbot gives them. After they were renewed: docker compose exec proxy nginx -c /etc/nginx/portico.conf -s reload
`;

/** Writes what docker compose needs; asks nothing, and overwrites nothing. Exit code 1 where something is in the way. */
export async function init({ folder, origin, json }: InitCommand): Promise<number> {
  const caller = folderOfCaller(process.env, process.cwd());
  const place = resolve(caller, folder ?? '.');
  const user = process.getuid?.() ?? IMAGE_USER.uid;
  const runs = user === 0 ? IMAGE_USER : { uid: user, gid: process.getgid?.() ?? IMAGE_USER.gid };
  const env = envFile({ origin, runAs: `${runs.uid}:${runs.gid}`, source: findSource(place) });
  const written = write(place, [...copies(), { path: '.env', text: env, secret: false }, ...secrets()], user === 0 ? runs : null);
  if (written.kind === 'taken') {
    console.error(`portico: ${written.paths.join(', ')} in ${place}: already there, and never overwritten; nothing was written`);
    return 1;
  }
  const next = nextSteps(origin);
  if (json) console.log(JSON.stringify({ folder: place, origin, made: written.made, kept: written.kept, next }));
  else process.stdout.write(`${written.made.map((path) => `made ${join(place, path)}\n`).join('')}\nNow, in ${place}:\n${numbered(next)}`);
  return 0;
}

function write(place: string, files: readonly NewFile[], owner: Owner | null): ReturnType<typeof writeNew> {
  try {
    return writeNew(place, files, owner);
  } catch (cause) {
    throw new StartProblem(`the files cannot be made, and none was: ${(cause as Error).message}`, cause);
  }
}

function copies(): NewFile[] {
  return Object.entries(COPIES).map(([path, name]) => ({ path, text: readDockerFile(name), secret: false }));
}

function secrets(): NewFile[] {
  // Git never sees what lies beside this one.
  const beside = { '.gitignore': '*\n', 'tls/README': TLS_NOTE };
  return Object.entries({ ...beside, ...makeSecrets() }).map(([name, text]) => ({ path: `secrets/${name}`, text, secret: true }));
}

/** Where the Dockerfile is, as compose.yaml in `place` names it. */
function findSource(place: string): string | null {
  if (!existsSync(join(PORTICO_FOLDER, 'Dockerfile'))) return null;
  return place === PORTICO_FOLDER ? '.' : PORTICO_FOLDER;
}

function nextSteps(origin: string): readonly string[] {
  const certificate = origin.startsWith('https:') ? ['put the certificate and its key into secrets/tls (its README says which)'] : [];
  return [
    'write the address of your mail server into secrets/smtp_url: smtp://user:password@host:587',
    ...certificate,
    'docker compose up --detach',
    'docker compose exec portico-1 node server/bin/portico.js admin link',
    'keep a copy of secrets/master_key apart from the copies of the database: without it the database opens nothing',
  ];
}

const numbered = (lines: readonly string[]) => lines.map((line, at) => `  ${at + 1}. ${line}\n`).join('');
