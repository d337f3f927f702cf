import { apiPage } from './api-page.ts';
import { configPage } from './config-page.ts';
import { errorsPage } from './errors-page.ts';

export interface GeneratedPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** The pages of docs/ that say what the program's own tables say. */
export function generatedPages(): readonly GeneratedPage[] {
  return [
    { path: 'docs/api.md', text: apiPage() },
    { path: 'docs/config.md', text: configPage() },
    { path: 'docs/errors.md', text: errorsPage() },
  ];
}
