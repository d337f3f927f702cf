import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every rule of axe that looks at colours; the last one is of level AAA, and axe leaves it out unless it is asked for. */
export const COLOUR_RULES: readonly string[] = ['color-contrast', 'link-in-text-block', 'color-contrast-enhanced'];

/** Puts axe into a page, which must have been opened with `bypassCSP`. */
export async function bringAxe(page: Page): Promise<void> {
  await page.evaluate(source);
}

/** What axe has against the page: by all its rules, or by these. */
export async function axeComplaints(page: Page, rules: readonly string[] | null = null): Promise<readonly string[]> {
  const options = { resultTypes: ['violations'], ...(rules === null ? {} : { runOnly: { type: 'rule', values: rules } }) };
  // Only what is wrong leaves the browser: all that is right is twice the work of finding out.
  return page.evaluate<readonly string[]>(
    `axe.run(${JSON.stringify(options)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  );
}
