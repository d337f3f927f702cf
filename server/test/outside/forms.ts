/** HTML forms, read as a browser without script does. */

export interface HtmlForm {
  readonly method: 'GET' | 'POST';
  readonly action: URL;
  /** Hidden fields and what stands in the others already. */
  readonly fields: ReadonlyMap<string, string>;
  /** Names of the fields of each type. */
  readonly types: ReadonlyMap<string, string>;
}

/** Every form of a page; pressing its first button is part of what it sends. */
export function formsOf(html: string, base: URL): HtmlForm[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, attributes = '', inside = '']) => {
    const fields = new Map<string, string>();
    const types = new Map<string, string>();
    for (const [, input = ''] of inside.matchAll(/<input\b([^>]*)>/gi)) {
      const name = attribute(input, 'name');
      const type = attribute(input, 'type') ?? 'text';
      if (name === null || (type === 'checkbox' && !/\schecked\b/.test(input))) continue;
      fields.set(name, attribute(input, 'value') ?? (type === 'checkbox' ? 'on' : ''));
      types.set(name, type);
    }
    const id = attribute(attributes, 'id');
    const buttons = [...html.matchAll(/<button\b([^>]*)>/gi)].map(([, button = '']) => button);
    const inner = [...inside.matchAll(/<button\b([^>]*)>/gi)].map(([, button = '']) => button);
    const pressed = [...inner, ...buttons.filter((button) => id !== null && attribute(button, 'form') === id)].find(
      (button) => (attribute(button, 'type') ?? 'submit') === 'submit',
    );
    const name = pressed === undefined ? null : attribute(pressed, 'name');
    if (pressed !== undefined && name !== null) fields.set(name, attribute(pressed, 'value') ?? '');
    return {
      method: (attribute(attributes, 'method') ?? 'get').toLowerCase() === 'post' ? 'POST' : 'GET',
      action: new URL(attribute(attributes, 'action') ?? base.href, base),
      fields,
      types,
    };
  });
}

function attribute(tag: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(tag);
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? null : unescapeHtml(value);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

function unescapeHtml(text: string): string {
  return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, (whole, entity: string) => {
    if (!entity.startsWith('#')) return ENTITIES[entity.toLowerCase()] ?? whole;
    const isHex = entity[1]?.toLowerCase() === 'x';
    return String.fromCodePoint(Number.parseInt(entity.slice(isHex ? 2 : 1), isHex ? 16 : 10));
  });
}
