import type { Framework } from '../../server/src/clients/snippets.ts';
import type { GeneratedPage } from './generated-pages.ts';
import { code, generatedFrom, page } from './markdown.ts';
import { readSnippet, snippetsOf } from './snippets.ts';

interface Guide {
  readonly framework: Framework;
  readonly title: string;
  /** How an empty app is made; null: there is one. */
  readonly create: string | null;
  readonly port: number;
  /** What else the app needs. */
  readonly install: readonly string[];
  /** What is done with the lines. */
  readonly use: string;
  readonly run: string;
  /** What is special here. */
  readonly notes: readonly string[];
}

const VITE_USE = 'Show `SignIn` where you like.';
const SITE_NOTES = [
  "The tokens lie in cookies that no script reads; a request that another site’s page makes a browser send is nobody’s. `requireUser({ role: 'editor', fresh: '5m' })` asks for more. Forms and calls that change something need nothing else: `GET` must change nothing.",
  'A sign-out is a `POST /auth/logout` of a form or a script of the site.',
];

const GUIDES: readonly Guide[] = [
  {
    framework: 'vite',
    title: 'A page built by Vite',
    create: 'npm create vite@latest notes -- --template vanilla-ts',
    port: 5173,
    install: [],
    use: 'The second file takes the place of the one that the template brought.',
    run: 'npm run dev',
    notes: [
      'Vue, Preact, Solid and others: `portico.session` is a new object whenever something changes, and `portico.subscribe` tells of it; put it into whatever your framework watches.',
    ],
  },
  {
    framework: 'react',
    title: 'React',
    create: 'npm create vite@latest notes -- --template react-ts',
    port: 5173,
    install: [],
    use: VITE_USE,
    run: 'npm run dev',
    notes: [
      'Redux Toolkit: `@portico/client/rtk` has a slice of the session, and forgets what was asked for one user before another sees it.',
    ],
  },
  {
    framework: 'svelte',
    title: 'Svelte',
    create: 'npm create vite@latest notes -- --template svelte-ts',
    port: 5173,
    install: [],
    use: VITE_USE,
    run: 'npm run dev',
    notes: [],
  },
  {
    framework: 'sveltekit',
    title: 'SvelteKit',
    create: 'npx sv create notes --template minimal --types ts --no-add-ons',
    port: 5173,
    install: [],
    use: 'Then `<a href="/auth/login" data-sveltekit-reload>Sign in</a>` on a page; in `load`, actions and endpoints `locals.siteUser` is the user or null, and `requireUser(event)` insists on one.',
    run: 'npm run dev',
    notes: SITE_NOTES,
  },
  {
    framework: 'next',
    title: 'Next.js',
    create: 'npx create-next-app@latest notes --yes',
    port: 3000,
    install: [],
    use: 'Then `<a href="/auth/login">Sign in</a>` on a page. Our tests call these routes with the requests of a browser, as Next.js does; Next.js itself is not part of them.',
    run: 'npm run dev',
    notes: [
      'A page that the server renders can set no cookies: there `site.peek(request)` says who is signed in without renewing anything. With the folder `src/` the files lie below it.',
      ...SITE_NOTES,
    ],
  },
  {
    framework: 'express',
    title: 'Express',
    create: null,
    port: 3000,
    install: ['express'],
    use: '',
    run: 'node server.mjs',
    notes: SITE_NOTES,
  },
  {
    framework: 'fastify',
    title: 'Fastify',
    create: null,
    port: 3000,
    install: ['fastify'],
    use: '',
    run: 'node server.mjs',
    notes: SITE_NOTES,
  },
  {
    framework: 'hono',
    title: 'Hono',
    create: null,
    port: 3000,
    install: ['hono', '@hono/node-server'],
    use: '',
    run: 'node server.mjs',
    notes: SITE_NOTES,
  },
];

const FOLDER = 'docs/quick-start';
const pathOf = (framework: Framework) => `${FOLDER}/${framework}.md`;

export function quickStarts(): readonly GeneratedPage[] {
  return [
    { path: `${FOLDER}/README.md`, text: index() },
    ...GUIDES.map((guide) => ({ path: pathOf(guide.framework), text: quickStart(guide) })),
  ];
}

const source = generatedFrom('scripts/docs/quick-starts.ts and examples/snippets');
const shell = (...lines: readonly string[]) => fenced('sh', `${lines.join('\n')}\n`);
const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\`\`\``;
const languageOf = (put: string) => /\.(\w+)$/.exec(put)?.[1] ?? '';
/** The packages are not on npm yet: they come from the folder of Portico, beside the one of the app. */
const PORTICO = '../portico';

function quickStart({ framework, title, create, port, install, use, run, notes }: Guide): string {
  const isPage = framework === 'vite' || framework === 'react' || framework === 'svelte';
  const packageName = isPage ? 'client' : 'server';
  const made =
    create === null ? ['mkdir notes && cd notes', 'npm init -y', `npm install ${install.join(' ')}`] : [create, 'cd notes', 'npm install'];
  return page([
    source,
    `# Quick start: ${title}`,
    'Portico lies in the folder `portico`; the app will lie in `notes` beside it. In one terminal Portico runs:',
    shell('cd portico', 'npm start'),
    `In another one the app is made, if there is none yet. Portico’s package comes from its own folder, and ${code('portico add')} tells it of the app:`,
    shell(
      ...made,
      `npm --prefix ${PORTICO} run pack`,
      `npm install ${PORTICO}/dist/portico-${packageName}.tgz`,
      `npm --prefix ${PORTICO} run portico -- add http://localhost:${port}`,
    ),
    'It prints these lines, with the client id that it made in place of `notes`:',
    ...snippetsOf(framework).flatMap(({ put, text }) => [`${code(backendName(put))}`, fenced(languageOf(put), text)]),
    ...(use === '' ? [] : [use]),
    shell(run),
    `Open <http://localhost:${port}> and sign in. The first time, create an account: its code comes to <http://localhost:4000/dev/mail>.`,
    ...(isPage ? protectedCall(framework) : []),
    ...notes,
    `[Other frameworks](README.md) · [what \`portico add\` does](../cli.md#add) · [errors](../errors.md)`,
  ]);
}

/** `npm init` makes a package whose files are no modules unless their names say so. */
const backendName = (put: string) => (put === 'server.ts' ? 'server.mjs' : put);

function protectedCall(framework: Framework): readonly string[] {
  const own = framework === 'vite' ? 'vite.config.js' : 'vite.config.ts';
  const proxy =
    framework === 'vite'
      ? [`${code(own)} sends what begins with \`/api\` there:`, fenced('js', readSnippet('start/vite.config.ts'))]
      : [`In ${code(own)} what begins with \`/api\` is sent there: \`server: { proxy: { '/api': 'http://localhost:3001' } }\`.`];
  return [
    '## A protected call',
    'An API that takes the app’s tokens needs no secret and asks Portico nothing for a request:',
    shell(`npm install fastify ${PORTICO}/dist/portico-server.tgz`),
    code('api.mjs'),
    fenced('js', readSnippet('start/api.ts')),
    ...proxy,
    `${code('src/call.ts')}, imported where the app begins (${code("import './call.ts';")}), shows what it says to who is signed in:`,
    fenced('ts', readSnippet('client/call.ts')),
    shell('node api.mjs'),
    '`portico.fetch` is the browser’s `fetch` with the access token, for the page’s own origin and those in `origins`. It renews the token where needed, and sends the request once more after a 401. An API with the secret of a site of its own hears of sign-outs within a second; this one hears of them when the token ends, after five minutes.',
  ];
}

function index(): string {
  return page([
    source,
    '# Quick starts',
    'From nothing to a page on which people sign in, in five minutes; each with lines that the tests run.',
    [
      ...GUIDES.map(({ framework, title }) => `- [${title}](${framework}.md)`),
      '- [Games](games.md): Unity, Godot, and whatever speaks HTTP',
    ].join('\n'),
    'Which one?',
    [
      '- **Pages without a backend** (Vite, React, Svelte): `@portico/client`. On Portico’s own site, such as `app.example.com` beside `auth.example.com`, a cookie of Portico’s keeps the sign-in; elsewhere a key that never leaves the browser does.',
      '- **A site with a backend** (SvelteKit, Next.js, Express, Fastify, Hono, plain Node): `@portico/server/site`. It keeps the sign-in in cookies of its own.',
      '- **An API** that takes the tokens of either: `@portico/server`, as in [the protected call](vite.md#a-protected-call).',
    ].join('\n'),
  ]);
}
