import { type Game, SIZE } from './snake-game.ts';

/** In the colours of the page, light or dark. */
export function drawGame(board: HTMLCanvasElement, game: Game): void {
  const pen = board.getContext('2d');
  if (pen === null) return;
  const style = getComputedStyle(board);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const side = board.width / SIZE;
  pen.fillStyle = colour('--wall');
  pen.fillRect(0, 0, board.width, board.height);
  const cell = (x: number, y: number, round: number) => {
    pen.beginPath();
    pen.roundRect(x * side + 1, y * side + 1, side - 2, side - 2, round);
    pen.fill();
  };
  pen.fillStyle = colour('--danger');
  cell(game.apple.x, game.apple.y, side / 2);
  for (const [at, { x, y }] of game.snake.entries()) {
    pen.fillStyle = colour(at === 0 ? '--accent-deep' : '--accent');
    cell(x, y, side / 4);
  }
  if (!game.over) return;
  pen.fillStyle = colour('--ink');
  pen.font = `600 ${side}px system-ui, sans-serif`;
  pen.textAlign = 'center';
  pen.fillText(`Over: ${game.points}`, board.width / 2, board.height / 2);
}
