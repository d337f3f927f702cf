import { fill } from '@portico/protocol/texts';
import type { Trouble } from './ask.ts';
import type { PageTexts } from './page-texts.ts';

/** The sentence for a refusal. A code that this page was not sent is told as our own mistake. */
export function troubleText(texts: PageTexts, trouble: Trouble): string {
  if (trouble.error === 'offline') return texts.frame.offline;
  if (trouble.error === 'dropped' || trouble.error === 'user_changed') return texts.errors.retry ?? '';
  return texts.errors[trouble.error] ?? texts.errors.internal ?? '';
}

export function fieldText(texts: PageTexts, trouble: Trouble | null, field: string, passwordMin: number): string | null {
  const problem = trouble?.fields?.[field];
  if (problem === undefined) return null;
  return fill(texts.fields[problem] ?? texts.fields.malformed ?? '', { min: passwordMin });
}

const MINUTE = 60;
const HOUR = 3600;

/** "40 seconds", "3 minutes", "2 hours", in the page's own language. */
export function durationText(language: string, seconds: number): string {
  if (seconds < MINUTE) return unitText(language, 'second', seconds);
  if (seconds < HOUR) return unitText(language, 'minute', seconds / MINUTE);
  return unitText(language, 'hour', seconds / HOUR);
}

function unitText(language: string, unit: string, amount: number): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(amount));
}

/** Without a zone of its own (the server does not know the reader's) a moment is told in UTC. */
export function momentText(language: string, moment: number, zone?: 'UTC'): string {
  return new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    ...(zone === undefined ? {} : { timeZone: zone, timeZoneName: 'short' }),
  }).format(moment);
}
