import type { Texts } from '@portico/protocol/texts';

/** A language that nobody speaks: every text is in brackets and 140 % as long, so that a literal and a narrow layout show themselves. */
export function pseudoTexts(texts: Texts): Texts {
  return { ...(stretchAll(texts) as Texts), language: 'en' };
}

function stretchAll(value: unknown): unknown {
  if (typeof value === 'string') return stretch(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, stretchAll(inner)]));
}

const FILLING = ' lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt';

function stretch(text: string): string {
  const missing = Math.max(2, Math.ceil(text.length * 0.4) - 2);
  return `⟦${text}${FILLING.repeat(Math.ceil(missing / FILLING.length)).slice(0, missing)}⟧`;
}
