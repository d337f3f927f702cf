import { en, type Texts } from './en.ts';

export type { Texts } from './en.ts';

/** The languages that exist, by their two-letter name. One file a language; a missing key is a type error. */
export const LANGUAGES: Readonly<Record<string, Texts>> = { en };

/** The best language for an `Accept-Language` header (RFC 9110 12.5.4); English when none fits. */
export function chooseTexts(acceptLanguage: string | undefined, languages: Readonly<Record<string, Texts>> = LANGUAGES): Texts {
  const wishes = (acceptLanguage ?? '')
    .slice(0, 200)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((p) => p.trim()).find((p) => p.startsWith('q='));
      return { language: tag.split('-')[0] ?? '', weight: q === undefined ? 1 : Number(q.slice(2)) };
    })
    .filter((wish) => wish.weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { language } of wishes) {
    if (Object.hasOwn(languages, language)) return languages[language] ?? en;
  }
  return en;
}

/** Fills `{name}` parts. A part without a value stays as it stands, so that a test finds it. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}
