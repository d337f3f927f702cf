/** The few forms of Markdown that the generated pages are made of. */

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
