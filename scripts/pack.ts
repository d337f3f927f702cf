// npm run pack: the packages as they are published, in dist/.

import { dirname, join, relative } from 'node:path';
import { packAll } from './packing/pack.ts';

const ROOT = dirname(import.meta.dirname);

for (const made of await packAll(ROOT, join(ROOT, 'dist'))) console.log(`made ${relative(ROOT, made)}`);
