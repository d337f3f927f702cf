/** The few forms of Markdown that the generated pages are made of, and how they find their words. */

/** `head` and `rows` as a table. A bar inside a cell would end it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** What a reader who wants to change the page must know first. */
export function generatedFrom(source: string): string {
  return `<!-- Written by \`npm run docs\` from ${source}: change it there. -->`;
}

export function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

/** Something new without words must not slip onto the page in silence. */
export function wordsFor<T>(words: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(words, name) ? words[name] : undefined;
  if (found === undefined) throw new Error(`scripts/docs has no words for ${name}`);
  return found;
}
