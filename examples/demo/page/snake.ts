import { createPortico } from '@portico/client';
import { element, find } from './element.ts';
import { mountPanel } from './panel.ts';
import { type Game, newGame, step, turn, type Way } from './snake-game.ts';
import { drawGame } from './snake-picture.ts';
import { startPage } from './start.ts';

interface Score {
  readonly name: string;
  readonly points: number;
}

/** Milliseconds. */
const TICK = 140;
const KEYS: Readonly<Record<string, Way>> = {
  ArrowUp: 'up',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowDown: 'down',
  w: 'up',
  a: 'left',
  d: 'right',
  s: 'down',
};

const settings = startPage();
const portico = createPortico({ issuer: settings.issuer, clientId: settings.clientId, mode: 'pkce' });
const [board, score, start] = [find<HTMLCanvasElement>('#board'), find('#score'), find('#start')];
let game: Game = newGame(Math.random);
let timer: ReturnType<typeof setInterval> | null = null;

function play(): void {
  game = newGame(Math.random);
  if (timer !== null) clearInterval(timer);
  timer = setInterval(tick, TICK);
  start.textContent = 'Again';
  show();
}

function tick(): void {
  game = step(game, Math.random);
  show();
  if (!game.over || timer === null) return;
  clearInterval(timer);
  timer = null;
  void save(game.points);
}

function show(): void {
  drawGame(board, game);
  board.dataset['way'] = game.way;
  if (!game.over) score.textContent = `${game.points} apples`;
}

async function save(points: number): Promise<void> {
  if (portico.session.user === null) {
    score.textContent = `${points} apples. Sign in, and the next one is saved.`;
    return;
  }
  const answer = await portico.fetch('/api/scores', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ points }),
  });
  score.textContent = answer.ok ? `${points} apples, saved.` : `${points} apples, not saved (${answer.status}).`;
  await readBest();
}

async function readBest(): Promise<void> {
  const best = (await (await fetch('/api/scores')).json()) as readonly Score[];
  find('#nobody').hidden = best.length > 0;
  find('#best').replaceChildren(...best.map(({ name, points }) => element('li', {}, `${name}: ${points}`)));
}

const steer = (way: Way): void => {
  game = turn(game, way);
};
start.addEventListener('click', play);
for (const button of document.querySelectorAll<HTMLElement>('[data-turn]'))
  button.addEventListener('click', () => steer(button.dataset['turn'] as Way));
addEventListener('keydown', (event) => {
  const way = KEYS[event.key];
  // The page goes on scrolling while nobody plays.
  if (way === undefined || timer === null || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  steer(way);
});
let from: { readonly x: number; readonly y: number } | null = null;
board.addEventListener('pointerdown', ({ clientX, clientY }) => {
  from = { x: clientX, y: clientY };
});
board.addEventListener('pointerup', ({ clientX, clientY }) => {
  if (from === null) return;
  const [right, down] = [clientX - from.x, clientY - from.y];
  from = null;
  if (Math.max(Math.abs(right), Math.abs(down)) < 12) return;
  steer(Math.abs(right) > Math.abs(down) ? (right > 0 ? 'right' : 'left') : down > 0 ? 'down' : 'up');
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawGame(board, game));

mountPanel(find('#session'), {
  source: portico,
  settings,
  holds: 'A refresh token bound to a key of this browser',
  call: async () => {
    const answer = await portico.fetch('/api/me');
    return `GET /api/me: ${answer.status} ${await answer.text()}`;
  },
});
drawGame(board, game);
await Promise.all([portico.ready, readBest()]);
document.documentElement.dataset['alive'] = '';
