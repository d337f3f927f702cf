import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ClientWish } from '../../clients/check-client.ts';
import type { Client } from '../../clients/client.ts';
import { type Snippet, secretFileOf } from '../../clients/snippets.ts';
import type { App } from './detect-app.ts';
import { PORTICO_FOLDER } from './find-portico.ts';
import { linesFor } from './snippets.ts';

/** What was done, or would be. */
export interface Report {
  readonly outcome: 'registered' | 'there' | 'planned';
  readonly app: App;
  readonly origin: string;
  readonly client: Pick<Client, 'id'> & Pick<ClientWish, 'redirectUris' | 'backchannelLogoutUri'>;
  readonly issuer: string;
  /** Where the database is. */
  readonly place: string;
  readonly folder: string;
}

/** For programs, in one line. */
export function reportJson({ outcome, app, client, issuer, ...rest }: Report): string {
  return JSON.stringify({
    client_id: client.id,
    kind: app.kind,
    framework: app.framework,
    issuer,
    registered: outcome === 'registered',
    redirect_uris: client.redirectUris,
    client_secret_file: app.kind === 'web' ? secretFileOf(client.id) : null,
    files: linesOf({ outcome, app, client, issuer, ...rest }),
  });
}

/** For people: what happened, and what to copy. */
export function reportText(report: Report): string {
  const { app, origin, client, folder } = report;
  const rows = [
    `  client id      ${client.id}`,
    `  address        ${origin}`,
    ...(client.redirectUris ?? []).map((uri) => `  redirect URI   ${uri}`),
    ...(client.backchannelLogoutUri == null ? [] : [`  sign-outs to   ${client.backchannelLogoutUri}`]),
    ...(app.kind === 'web' ? [secretRow(report)] : []),
  ];
  const files = linesOf(report).map(({ put, text }) => `\n--- ${put}\n${text}`);
  return `${headline(report)}\n${rows.join('\n')}\n\nAdd to ${folder}\n\n${installation(app, folder)}\n${files.join('')}\nMore in ${wayToPortico(folder)}/docs/quick-start/${app.framework === 'node' ? 'README' : app.framework}.md\n`;
}

function headline({ outcome, app, issuer, place }: Report): string {
  const what = `${app.name} (${app.kind}, ${app.framework})`;
  if (outcome === 'registered') return `registered ${what} at ${issuer}, ${place}`;
  if (outcome === 'there') return `${what} is registered already at ${issuer}, ${place}; nothing was changed`;
  return `would register ${what} at ${issuer}, ${place}; nothing was changed`;
}

function secretRow({ outcome, client, folder }: Report): string {
  const file = secretFileOf(client.id);
  if (outcome === 'there' && !existsSync(join(folder, file)))
    return `  secret         not in this folder: portico client rotate-secret ${client.id} makes another, for ${file}`;
  return `  secret         ${file}, which git ignores`;
}

function linesOf({ app, client, issuer, origin }: Report): Snippet[] {
  return linesFor(app, { issuer, clientId: client.id, baseUrl: origin, clientSecretFile: secretFileOf(client.id) });
}

/** The packages come from this Portico's own folder, so that both are of one version. */
function installation({ kind }: App, folder: string): string {
  const from = wayToPortico(folder);
  return `npm --prefix ${from} run pack\nnpm install ${from}/dist/portico-${kind === 'spa' ? 'client' : 'server'}.tgz`;
}

function wayToPortico(folder: string): string {
  return relative(folder, PORTICO_FOLDER).replaceAll('\\', '/');
}
