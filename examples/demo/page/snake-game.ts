/** The rules of Snake. Pure: chance is handed in. */

export const SIZE = 16;
export type Way = 'up' | 'left' | 'right' | 'down';
export interface Cell {
  readonly x: number;
  readonly y: number;
}
export interface Game {
  /** Head first. */
  readonly snake: readonly Cell[];
  readonly apple: Cell;
  readonly way: Way;
  /** Where it turns with the next step: two keys within one step must not turn it into itself. */
  readonly next: Way;
  readonly points: number;
  readonly over: boolean;
}

const STEPS: Readonly<Record<Way, Cell>> = { up: { x: 0, y: -1 }, left: { x: -1, y: 0 }, right: { x: 1, y: 0 }, down: { x: 0, y: 1 } };
const OPPOSITE: Readonly<Record<Way, Way>> = { up: 'down', down: 'up', left: 'right', right: 'left' };

export function newGame(random: () => number): Game {
  const snake = [4, 3, 2].map((x) => ({ x, y: SIZE / 2 }));
  return { snake, apple: freeCell(snake, random), way: 'right', next: 'right', points: 0, over: false };
}

export function turn(game: Game, way: Way): Game {
  return way === OPPOSITE[game.way] ? game : { ...game, next: way };
}

export function step(game: Game, random: () => number): Game {
  const [head] = game.snake;
  if (game.over || head === undefined) return game;
  const to = { x: head.x + STEPS[game.next].x, y: head.y + STEPS[game.next].y };
  const eats = isSame(to, game.apple);
  // The end of the tail moves away in the same step, unless there was an apple.
  const body = eats ? game.snake : game.snake.slice(0, -1);
  const isOut = to.x < 0 || to.y < 0 || to.x >= SIZE || to.y >= SIZE;
  if (isOut || body.some((cell) => isSame(cell, to))) return { ...game, way: game.next, over: true };
  const snake = [to, ...body];
  if (!eats) return { ...game, snake, way: game.next };
  const points = game.points + 1;
  const isFull = snake.length === SIZE * SIZE;
  return { ...game, snake, way: game.next, points, over: isFull, apple: isFull ? game.apple : freeCell(snake, random) };
}

function freeCell(snake: readonly Cell[], random: () => number): Cell {
  const free = Array.from({ length: SIZE * SIZE }, (_, at) => ({ x: at % SIZE, y: Math.floor(at / SIZE) })).filter(
    (cell) => !snake.some((part) => isSame(part, cell)),
  );
  return free[Math.floor(random() * free.length)] ?? { x: 0, y: 0 };
}

function isSame(a: Cell, b: Cell): boolean {
  return a.x === b.x && a.y === b.y;
}
