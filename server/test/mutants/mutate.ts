import { registerHooks } from 'node:module';

/**
 * Loaded before a test file (`node --import`): changes one source text on its way into the process, so that the tree is never touched.
 * MUTANT is the JSON of a `Mutation`.
 */
export interface Mutation {
  /** The file URL of the source. */
  readonly url: string;
  readonly find: string;
  readonly replace: string;
}

const mutation = JSON.parse(process.env['MUTANT'] ?? 'null') as Mutation | null;

if (mutation !== null) {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (url !== mutation.url) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      // A function, or `$1` in SQL would be taken for a group.
      return { ...loaded, source: source.replace(mutation.find, () => mutation.replace) };
    },
  });
}
