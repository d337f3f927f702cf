import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, testFiles } from './source.ts';

/** docs/threats.md as the tests read it. */
export const DOCUMENT = readFileSync(join(ROOT, 'docs', 'threats.md'), 'utf8');

/** The rows of the first table below a heading, without its head; cells without the marks of code. */
export function tableUnder(heading: string): readonly (readonly string[])[] {
  const lines = DOCUMENT.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`docs/threats.md has no heading "${heading}"`);
  const first = lines.findIndex((line, at) => at > start && line.startsWith('|'));
  const next = lines.findIndex((line, at) => at > start && /^#+ /.test(line));
  if (first < 0 || (next >= 0 && first > next)) throw new Error(`there is no table below "${heading}"`);
  const rows: string[][] = [];
  for (let at = first + 2; lines[at]?.startsWith('|') === true; at += 1) rows.push(cellsOf(lines[at] ?? ''));
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split('|')
    .map((cell) => cell.replaceAll('`', '').trim());
}

/** One cell of the first column after another. */
export function firstColumn(heading: string): readonly string[] {
  return tableUnder(heading).map(([first = '']) => first);
}

/** The cell of a row that is found by its first cell. */
export function cellOf(heading: string, row: string, column: number): string {
  const found = tableUnder(heading).find(([first]) => first === row);
  if (found === undefined) throw new Error(`"${heading}" has no row "${row}"`);
  return found[column] ?? '';
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90 s`, `15 min`, `12 h`, `30 d`. */
export function millisecondsOf(text: string): number {
  const found = /^(\d+) (s|min|h|d)$/.exec(text);
  if (found === null) throw new Error(`"${text}" is no duration`);
  return Number(found[1]) * (UNITS[found[2] ?? ''] ?? Number.NaN);
}

/** `threats/steps › a sentence`: a test, by its file (without what all of them share) and its name. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

export function testsIn(cell: string): readonly NamedTest[] {
  return cell
    .split('<br>')
    .map((part) => part.trim())
    .filter((part) => part.includes(' › '))
    .map((part) => {
      const at = part.indexOf(' › ');
      return { file: part.slice(0, at), name: part.slice(at + 3) };
    });
}

/** `threats/steps` for server/test/threats/steps.test.ts, `server/src/cli` for server/src/cli.test.ts; what only `npm run prove` runs ends in .prove.ts. */
export function shortName(path: string): string {
  return path.replace(/^server\/test\//, '').replace(/\.(test|prove)\.ts$/, '');
}

const DECLARES =
  /(?<![\w.])(?:test|inWorld|forEach(?:Fresh)?Database|onTwoNodes|inTappedWorld|withRedis|onStage|onSite|withApp|overHttps|guessing)\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g;

/** The names that a test file declares. Holes of a template stand for anything. */
export function testNames(): ReadonlyMap<string, readonly RegExp[]> {
  return new Map(
    testFiles().map(({ path, text }) => {
      const named = [...text.matchAll(DECLARES)].map(([, single, double, template]) =>
        patternOf((single ?? double ?? template ?? '').replace(/\\(.)/g, '$1')),
      );
      const listed = [...text.matchAll(/^\s+name: '((?:\\.|[^'\\])*)',$/gm)].map(([, name = '']) => patternOf(name));
      return [shortName(path), [...named, ...listed]];
    }),
  );
}

function patternOf(name: string): RegExp {
  const pieces = name.split(/\$\{[^}]*\}/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pieces.join('.+')}$`);
}
