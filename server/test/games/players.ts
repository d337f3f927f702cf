import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toGodot3 } from './godot3.ts';

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const games = (name: string) => here(`../../../games/${name}`);

/** A way to run one of the files in `games/`: with what the engine's developers write around it. */
export interface Engine {
  readonly name: string;
  /** What `node:test` takes as `skip`. */
  readonly skip: string | false;
  /** Once: makes something that can be run. */
  build(folder: string): Promise<readonly string[]>;
}

/** `npm test` finds or installs them and says where they are; a test run by hand looks where Debian puts them. */
const { MCS_PATH = '/usr/bin/mcs', MONO_RUNTIME = '/usr/bin/mono', GODOT3_PATH = '/usr/bin/godot3-server' } = process.env;

/** Compiles Portico.cs with what stands beside it. */
export const compile = (...args: readonly string[]) =>
  run(MCS_PATH, ['-langversion:7', '-warnaserror', '-r:System.Net.Http.dll', games('Portico.cs'), ...args]);

export const csharp: Engine = {
  name: 'Portico.cs in Mono',
  skip: reasonToSkip(MCS_PATH, MONO_RUNTIME, '/usr/lib/mono/4.5/System.Net.Http.dll'),
  build: async (folder) => {
    const program = join(folder, 'Player.exe');
    await compile(here('Player.cs'), `-out:${program}`);
    return [MONO_RUNTIME, program];
  },
};

export const godot: Engine = {
  name: 'portico.gd in Godot 3',
  skip: reasonToSkip(GODOT3_PATH),
  build: async (folder) => {
    const project = join(folder, 'game');
    await mkdir(project);
    await writeFile(join(project, 'project.godot'), `config_version=4\n[network]\nssl/certificates="res://trusted.pem"\n`);
    await writeFile(join(project, 'portico.gd'), toGodot3(await readFile(games('portico.gd'), 'utf8')));
    await writeFile(join(project, 'player.gd'), await readFile(here('player.gd'), 'utf8'));
    return [GODOT3_PATH, '--path', project, '-s', 'player.gd'];
  },
};

/** A reason that is printed, or false. A machine that promises everything (CI) may not skip. */
function reasonToSkip(...files: readonly string[]): string | false {
  const missing = files.find((file) => !existsSync(file));
  if (missing === undefined) return false;
  if (process.env['CI'] === 'true') throw new Error(`${missing} is not there`);
  console.error(`SKIPPED: ${missing} is not there, so that nothing was tried with it`);
  return `${missing} is not there`;
}

export interface Told {
  readonly type: string;
  readonly code: string;
  readonly verifyUrl: string;
}

/** What a game was told by its file, as an error. */
export class GameError extends Error {
  readonly told: Told;
  constructor(told: Told) {
    super(`${told.type} ${told.code}`);
    this.told = told;
  }
}

export interface Player {
  /** Gives an order; `shown` resolves with what the game shows on the way. */
  ask(order: string): { readonly shown: Promise<Readonly<Record<string, string>>>; readonly done: Promise<unknown> };
  /** The answer of an order. */
  do(order: string): Promise<unknown>;
  /** An access token. */
  token(refused?: string): Promise<string>;
  /** `ended invalid_grant`, or what it was answered. */
  refusal(order: string): Promise<string>;
  kill(): Promise<void>;
}

interface Line {
  readonly number: number;
  readonly kind: 'answer' | 'event' | 'error';
  readonly body: { readonly value?: unknown } & Record<string, string>;
}

/** Starts a game; it keeps its sign-in in `folder`. */
export async function startPlayer(command: readonly string[], issuer: string, clientId: string, folder: string): Promise<Player> {
  const door = createServer();
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const [program = '', ...args] = command;
  const env = { PATH: process.env['PATH'] ?? '', HOME: join(folder, '..'), LANG: 'C.UTF-8' };
  const child = spawn(program, [...args, String(address.port), issuer, clientId, folder], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (printed += text.toString()));
  const gone = once(child, 'close');
  const socket = await Promise.race([
    once(door, 'connection').then(([one]) => one as Socket),
    gone.then(() => {
      throw new Error(`the game ended: ${printed}`);
    }),
  ]);
  door.close();
  const player = obeying(socket, child, gone, () => printed);
  await player.do('begin').catch(async (error: unknown) => {
    await player.kill();
    throw error;
  });
  return player;
}

function obeying(socket: Socket, child: ChildProcess, gone: Promise<unknown>, printed: () => string): Player {
  const orders = new Map<number, { shown: PromiseWithResolvers<Record<string, string>>; done: PromiseWithResolvers<unknown> }>();
  let number = 0;
  createInterface({ input: socket }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    const order = orders.get(line.number);
    if (line.kind === 'event') order?.shown.resolve(line.body);
    else if (line.kind === 'answer') order?.done.resolve(line.body.value ?? null);
    else order?.done.reject(new GameError(line.body as unknown as Told));
  });
  socket.on('error', () => undefined);
  void gone.then(() => {
    for (const { shown, done } of orders.values()) for (const one of [shown, done]) one.reject(new Error(`the game ended: ${printed()}`));
  });
  const ask: Player['ask'] = (order) => {
    number += 1;
    const [shown, done] = [Promise.withResolvers<Record<string, string>>(), Promise.withResolvers<unknown>()];
    for (const one of [shown, done]) one.promise.catch(() => undefined);
    // What fails before anything is shown shows nothing.
    done.promise.catch(shown.reject);
    orders.set(number, { shown, done });
    socket.write(`${number} ${order}\n`);
    return { shown: shown.promise, done: done.promise };
  };
  return {
    ask,
    do: (order) => ask(order).done,
    token: async (refused = '') => String(await ask(`token ${refused}`.trim()).done),
    refusal: (order) =>
      ask(order).done.then(
        (value) => `no refusal: ${JSON.stringify(value)}`,
        (error: unknown) => {
          if (!(error instanceof GameError)) throw error;
          return error.message;
        },
      ),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** A folder that is gone after the test. */
export async function newFolder(after: (clean: () => Promise<void>) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-game-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
