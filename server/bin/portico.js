#!/usr/bin/env node
// Old syntax and no static imports: a Node that is too old must get as far as the sentence it is told.

const found = process.versions.node.split('.').map(Number);

if (found[0] < 24 || (found[0] === 24 && found[1] < 15)) {
  console.error(
    'Portico needs Node 24.15 or newer, and this is ' + process.version + ': install a newer Node and run the same command again.',
  );
  process.exitCode = 1;
} else {
  Promise.all([import('node:fs'), import('node:module'), import('node:url')])
    .then(function (modules) {
      const [fs, { enableCompileCache }, { fileURLToPath }] = modules;
      // Before anything is compiled: it halves the time of a start and spares the memory of the compiler. In the package's own folder, never in
      // the machine's for temporary files: whoever can write there could put code into it. Where it cannot be written, nothing is lost.
      enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/portico', import.meta.url)));
      // The repository runs its TypeScript as it is; what npm installs has only the compiled files.
      const source = new URL('../src/main.ts', import.meta.url);
      return import(fs.existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
    })
    .then(function (portico) {
      return portico.main(process.argv.slice(2));
    })
    .then(
      function (code) {
        process.exitCode = code;
      },
      function (error) {
        console.error(error);
        process.exitCode = 1;
      },
    );
}
