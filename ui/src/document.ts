import { type Asset, favicon } from 'virtual:page-assets';
import { SYSTEM } from '@portico/protocol/routes';
import { DATA_ID, ROOT_ID } from './document-ids.ts';

export interface DocumentParts {
  readonly style: Asset;
  readonly script: Asset | undefined;
  readonly language: string;
  readonly title: string;
  readonly assetBase: string;
  /** Rendered by Svelte, escaped there. */
  readonly body: string;
  /** What the page is hydrated from; absent where nothing is. */
  readonly data?: unknown;
  readonly indexed: boolean;
}

/** A whole HTML document without inline script, style or handler, so that the strictest policy fits it. */
export function htmlDocument(parts: DocumentParts): string {
  const { assetBase, style, script } = parts;
  return [
    '<!doctype html>',
    `<html lang="${escapeHtml(parts.language)}">`,
    '<head>',
    '<meta charset="utf-8">',
    `<title>${escapeHtml(parts.title)}</title>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    parts.indexed ? '' : '<meta name="robots" content="noindex">',
    `<link rel="icon" type="image/svg+xml" href="${assetUrl(assetBase, favicon)}">`,
    `<link rel="stylesheet" href="${assetUrl(assetBase, style)}" ${checked(style)}>`,
    script === undefined ? '' : `<script type="module" src="${assetUrl(assetBase, script)}" ${checked(script)}></script>`,
    '</head>',
    '<body>',
    `<div id="${ROOT_ID}">${parts.body}</div>`,
    // Not executed, so a policy without inline scripts lets it stand.
    parts.data === undefined ? '' : `<script type="application/json" id="${DATA_ID}">${escapeJson(parts.data)}</script>`,
    '</body>',
    '</html>',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function assetUrl(assetBase: string, asset: Asset): string {
  return escapeHtml(`${assetBase}${SYSTEM.assets}/${asset.file}`);
}

/** Integrity needs a CORS fetch as soon as the assets come from a CDN. */
function checked(asset: Asset): string {
  return `integrity="${asset.integrity}" crossorigin="anonymous"`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** `<` could end the block, U+2028 and U+2029 end a line in old parsers. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
