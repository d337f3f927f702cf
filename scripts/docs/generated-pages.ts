import { COPIES, ENV_EXAMPLE, readDockerFile } from '../../server/src/cli/init/docker-files.ts';
import { adminPage } from './admin-page.ts';
import { apiPage } from './api-page.ts';
import { configPage } from './config-page.ts';
import { errorPages } from './error-pages.ts';
import { errorsPage } from './errors-page.ts';
import { quickStarts } from './quick-starts.ts';
import { snippetsFile } from './snippets.ts';

export interface GeneratedPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** The pages of docs/ that say what the program's own tables say, and the snippets that the command line prints. */
export function generatedPages(): readonly GeneratedPage[] {
  return [
    { path: 'docs/admin-api.md', text: adminPage() },
    { path: 'docs/api.md', text: apiPage() },
    { path: 'docs/config.md', text: configPage() },
    { path: 'docs/errors.md', text: errorsPage() },
    ...errorPages(),
    ...quickStarts(),
    // The repository's own are the files that `portico init --docker` writes.
    ...Object.entries(COPIES).map(([path, name]) => ({ path, text: readDockerFile(name) })),
    { path: '.env.example', text: readDockerFile(ENV_EXAMPLE) },
    { path: 'server/data/snippets.json', text: snippetsFile() },
  ];
}
