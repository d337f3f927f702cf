import type { History } from './history.ts';

/** What was tried, in numbers: a model that never reaches a hold proves nothing about holds. */
export type Figures = Map<string, number>;

export function countHistory(figures: Figures, { tally }: Pick<History, 'tally'>): void {
  for (const [what, times] of [['histories', 1] as const, ...tally]) figures.set(what, (figures.get(what) ?? 0) + times);
}

export function lineOf(figures: Figures): string {
  return [...figures].map(([what, times]) => `${times} ${what}`).join(', ');
}
