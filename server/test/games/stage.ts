import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { authPath, OAUTH, PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import { insertClient } from '../../src/clients/client.ts';
import { formsOf } from '../outside/forms.ts';
import type { Person } from '../outside/person.ts';
import { type RunningPortico, startRunningPortico } from '../outside/servers/running-portico.ts';
import { freePort } from '../portico-process.ts';
import { type Front, startFront } from './front.ts';
import { type Engine, newFolder, type Player, startPlayer } from './players.ts';

export const TOKEN = OAUTH.token;
export const JOIN = authPath('myJoinTicket');

/** A running Portico with something in front that can break, and games that sign in there. */
export interface Stage {
  readonly portico: RunningPortico;
  readonly front: Front;
  /** Somebody who is signed in at Portico, in a browser. */
  readonly ada: Person;
  /** Registers a game of its own for this test, and starts it. */
  play(t: TestContext, engine: Engine, id: string): Promise<Playing>;
  close(): Promise<void>;
}

export interface Playing {
  readonly id: string;
  readonly player: Player;
  /** Where the sign-in is kept. */
  readonly folder: string;
  /** The same game once more: a second window, or after it was killed. */
  again(issuer?: string): Promise<Player>;
}

export async function openStage(): Promise<Stage> {
  const cleaning: (() => Promise<void>)[] = [];
  const built = new Map<Engine, Promise<readonly string[]>>();
  const buildOnce = (engine: Engine) => {
    const command = built.get(engine) ?? newFolder((clean) => cleaning.push(clean)).then((folder) => engine.build(folder));
    built.set(engine, command);
    return command;
  };
  const port = await freePort();
  const front = await startFront(port);
  const portico = await startRunningPortico({ port, issuer: front.origin });
  const ada = portico.person();
  await ada.open(front.origin + PAGES.dashboard, { saysYes: false });
  return {
    portico,
    front,
    ada,
    play: async (t, engine, name) => {
      const id = `${name}-${engine.name.replace(/\W+/g, '-').toLowerCase()}`;
      const command = await buildOnce(engine);
      const registered = {
        id,
        name: 'Space Snake',
        kind: 'native',
        redirectUris: ['http://127.0.0.1/callback'],
        authentication: 'none',
      } as const;
      await insertClient(portico.db, registered, Date.now());
      const folder = join(await newFolder((clean) => t.after(clean)), 'portico');
      const again = async (issuer = front.origin): Promise<Player> => {
        const player = await startPlayer(command, issuer, id, folder);
        t.after(() => player.kill());
        return player;
      };
      return { id, player: await again(), folder, again };
    },
    close: async () => {
      await portico.close();
      await front.close();
      for (const clean of cleaning) await clean();
    },
  };
}

/** Signed in by the browser of this machine. */
export async function signIn({ ada }: Stage, player: Player): Promise<void> {
  const { shown, done } = player.ask('browser');
  const { url = '' } = await shown;
  const seen = await ada.open(url);
  if (seen.status !== 200 || seen.url.pathname !== '/callback')
    throw new Error(`the browser ended at ${seen.way.join(' -> ')}: ${seen.text}`);
  await done;
}

/** Says no to the device, on the page that asks. */
export async function sayNo({ ada, front }: Stage, page: string): Promise<void> {
  const submit = async (path: string, fields: Readonly<Record<string, string>>, html: string) => {
    const form = formsOf(html, new URL(page)).find(({ action }) => action.pathname === path);
    if (form === undefined) throw new Error(`no form for ${path}: ${html}`);
    const body = new URLSearchParams({ ...Object.fromEntries(form.fields), ...fields });
    const headers = new Headers({ accept: 'text/html', origin: front.origin, 'sec-fetch-site': 'same-origin' });
    const answer = await ada.ask(front.origin + path, { method: 'POST', headers, body });
    return { status: answer.status, text: await answer.text() };
  };
  const typing = await ada.open(page, { saysYes: false });
  const question = await submit(PAGES.device, {}, typing.text);
  const said = await submit(PAGE_FORMS.deviceAnswer, { allow: 'no' }, question.text);
  if (said.status !== 303) throw new Error(`${said.status} ${said.text}`);
}
