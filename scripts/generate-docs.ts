// npm run docs: writes the pages of docs/ that come from the program's own tables.

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedPages } from './docs/generated-pages.ts';

const ROOT = dirname(import.meta.dirname);

for (const { path, text } of generatedPages()) {
  writeFileSync(join(ROOT, path), text);
  console.log(`wrote ${path}`);
}
