import { ERRORS, OAUTH_ERRORS } from '@portico/protocol/errors';
import { en } from '@portico/protocol/texts/en';
import { CODES as CLIENT_CODES, DOCS_BASE } from '../../sdk/client/src/error.ts';
import { CODES as VERIFIER_CODES } from '../../sdk/server/src/errors.ts';
import { CLIENT_WORDS, OAUTH_WORDS, VERIFIER_WHEN, WHEN } from './error-causes.ts';
import { WHAT_TO_DO } from './error-words.ts';
import type { GeneratedPage } from './generated-pages.ts';
import { code, generatedFrom, page } from './markdown.ts';

/** One place where a code is said; some codes are said at several. */
interface Said {
  readonly place: string;
  readonly status: number | null;
  /** What a person reads; null: only programs meet it. */
  readonly sentence: string | null;
  readonly when: string;
  readonly todo: string;
}

const keysOf = <Table extends object>(table: Table) => Object.keys(table) as (keyof Table & string)[];

const SAID: readonly (readonly [string, Said])[] = [
  ...keysOf(ERRORS).map((name): [string, Said] => [
    name,
    { place: 'Portico', status: ERRORS[name], sentence: en.errors[name], when: WHEN[name], todo: WHAT_TO_DO[name] },
  ]),
  ...keysOf(OAUTH_ERRORS).map((name): [string, Said] => [
    name,
    { place: 'the OAuth endpoints of Portico', status: OAUTH_ERRORS[name], sentence: null, ...OAUTH_WORDS[name] },
  ]),
  ...keysOf(VERIFIER_CODES).map((name): [string, Said] => [
    name,
    {
      place: '`@portico/server`',
      status: VERIFIER_CODES[name][0],
      sentence: null,
      when: VERIFIER_WHEN[name],
      todo: VERIFIER_CODES[name][1],
    },
  ]),
  ...keysOf(CLIENT_CODES).map((name): [string, Said] => [
    name,
    { place: '`@portico/client`', status: null, sentence: null, ...CLIENT_WORDS[name] },
  ]),
];

/** Every code that has a page, once. */
export const DOCUMENTED: readonly string[] = [...new Set(SAID.map(([name]) => name))];

/** A page for each code, at the address that `@portico/client` gives with its errors. */
export function errorPages(): readonly GeneratedPage[] {
  return DOCUMENTED.map((name) => ({ path: `${DOCS_BASE}/${name}.md`, text: errorPage(name) }));
}

function errorPage(name: string): string {
  const places = SAID.filter(([each]) => each === name).map(([, said]) => said);
  return page([
    generatedFrom('scripts/docs/error-causes.ts and scripts/docs/error-words.ts'),
    `# ${code(name)}`,
    ...places.flatMap((said) => [
      ...(places.length > 1 ? [`## Of ${said.place}`] : []),
      `${said.status === null ? 'Thrown' : `**${said.status}**, said`} by ${said.place}.${said.sentence === null ? '' : ` A person reads: “${said.sentence}”`}`,
      `**When.** ${said.when}`,
      `**What to do.** ${said.todo}`,
    ]),
    '[All codes](../errors.md)',
  ]);
}

/** For docs/errors.md: a code that leads to its page. */
export const linkTo = (name: string) => `[${code(name)}](errors/${name}.md)`;

export { CLIENT_CODES, VERIFIER_CODES };
