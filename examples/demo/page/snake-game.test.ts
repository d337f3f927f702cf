import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Game, newGame, SIZE, step, turn, type Way } from './snake-game.ts';
import { timeLeft } from './time-left.ts';

const FIRST = () => 0;
const play = (game: Game, ...ways: readonly Way[]): Game => ways.reduce((now, way) => step(turn(now, way), FIRST), game);
const at = (x: number, y: number) => ({ x, y });

test('a snake goes on in its direction, turns, and never turns back into itself, not by two keys in one step either', () => {
  const game = newGame(FIRST);
  assert.deepEqual(step(game, FIRST).snake, [at(5, 8), at(4, 8), at(3, 8)]);
  assert.deepEqual(play(game, 'up').snake[0], at(4, 7));
  assert.deepEqual(play(game, 'left').snake[0], at(5, 8));
  const twice = turn(turn(game, 'up'), 'left');
  assert.deepEqual(step(twice, FIRST).snake[0], at(4, 7));
});

test('an apple makes it longer and counts, and the next one lies on a free cell', () => {
  const game: Game = { ...newGame(FIRST), apple: at(5, 8) };
  const fed = step(game, FIRST);
  assert.deepEqual([fed.points, fed.snake.length, fed.apple], [1, 4, at(0, 0)]);
  for (const random of [0, 0.3, 0.999]) {
    const { apple, snake } = step(game, () => random);
    assert.ok(!snake.some(({ x, y }) => x === apple.x && y === apple.y));
  }
});

test('it is over at each wall and at its own body, but not where the end of its tail just was', () => {
  for (const way of ['up', 'right', 'down'] as const) assert.ok(play(newGame(FIRST), ...Array<Way>(SIZE).fill(way)).over, way);
  const curled: Game = { ...newGame(FIRST), snake: [at(2, 2), at(3, 2), at(3, 3), at(2, 3)], way: 'left', next: 'left' };
  assert.ok(!play(curled, 'down').over);
  const longer: Game = { ...curled, snake: [...curled.snake, at(1, 3)] };
  assert.ok(play(longer, 'down').over);
  const over = play(longer, 'down');
  assert.equal(step(over, FIRST), over);
});

test('who fills the field has won, and the game ends', () => {
  const cells = Array.from({ length: SIZE * SIZE }, (_, place) => at(place % SIZE, Math.floor(place / SIZE)));
  const [last, ...rest] = cells;
  assert.ok(last);
  const won = step({ ...newGame(FIRST), snake: rest, apple: last, way: 'left', next: 'left' }, FIRST);
  assert.deepEqual([won.over, won.snake.length], [true, SIZE * SIZE]);
});

test('the time that is left counts down to nothing and not below', () => {
  const day = 86_400_000;
  assert.equal(timeLeft(30 * day, 1000), '29 d 23:59:59');
  assert.equal(timeLeft(61_000, 0), '00:01:01');
  assert.equal(timeLeft(1000, 5000), '00:00:00');
  assert.equal(timeLeft(null, 0), 'none');
});
