// npm run docs: writes the pages of docs/ that come from the program's own tables.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DOCS_BASE } from '../sdk/client/src/error.ts';
import { generatedPages } from './docs/generated-pages.ts';

const ROOT = dirname(import.meta.dirname);

// Every page in it is generated: what is not written again is about a code that is gone.
rmSync(join(ROOT, DOCS_BASE), { recursive: true, force: true });

for (const { path, text } of generatedPages()) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  console.log(`wrote ${path}`);
}
