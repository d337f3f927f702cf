/** What is published, and from where. */
export interface PublishedPackage {
  /** Of the tarball, without its ending. */
  readonly file: string;
  /** From the root of the repository. */
  readonly folder: string;
  /** Code for browsers is made small; what runs on a server is left as people can read it. */
  readonly minified: boolean;
}

export const PACKAGES: readonly PublishedPackage[] = [
  { file: 'portico-client', folder: 'sdk/client', minified: true },
  { file: 'portico-server', folder: 'sdk/server', minified: false },
];

/** The parts of a package.json that packing reads. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly sideEffects?: boolean;
  /** Each leads to a TypeScript file. */
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** `./src/site/index.ts` -> `site/index`: the name of what is made of it. */
export const entryOf = (source: string) => source.replace(/^\.\/src\/|\.ts$/g, '');
