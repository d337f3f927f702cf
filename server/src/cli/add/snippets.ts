import { type Snippet, type SnippetValues, snippetsFor } from '../../clients/snippets.ts';
import type { App } from './detect-app.ts';

/** The lines of an app's framework in the language that the app is written in. */
export function linesFor(app: App, values: SnippetValues): Snippet[] {
  return snippetsFor(app.framework, values).map(({ put, text }) => ({
    put: nameOf(put, app),
    text: app.typed ? text : asJavaScript(text),
  }));
}

/** The lines have no other types than these. */
function asJavaScript(text: string): string {
  return text.replaceAll(/(from '\.[^']*)\.ts(x?)'/g, "$1.js$2'").replaceAll('(request: Request)', '(request)');
}

/** Backends are run by Node itself, which goes by the name where package.json does not say `"type": "module"`. */
function nameOf(put: string, { typed, modules }: App): string {
  const plain = typed ? put : put.replace(/\.ts(x?)$/, '.js$1');
  return modules ? plain : plain.replace(/^server\.(?=[jt]s$)/, 'server.m');
}
