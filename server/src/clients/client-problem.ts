import { type Fields, Refusal } from '@portico/protocol/errors';
import type { SiteProblem } from '@portico/protocol/site-problems';
import type { Client } from './client.ts';

/** Something that is wrong with a registration. */
export interface ClientProblem {
  readonly field: keyof Client;
  readonly code: SiteProblem | 'missing';
  /** Of a field that is a list: which of its entries. */
  readonly about: string | null;
  /** For the command line. */
  readonly sentence: string;
}

export function wrong(field: keyof Client, code: ClientProblem['code'], sentence: string, about: string | null = null): ClientProblem {
  return { field, code, about, sentence };
}

export function sentencesOf(problems: readonly ClientProblem[]): readonly string[] {
  return problems.map(({ sentence }) => sentence);
}

/** The same for a form or a call: the first problem of each field. `names`: fields that it knows by another name. */
export function refusalOf(problems: readonly ClientProblem[], names: Readonly<Partial<Record<keyof Client, string>>> = {}): Refusal {
  const fields: Record<string, Fields[string]> = {};
  const about: Record<string, string> = {};
  for (const problem of problems) {
    const name = names[problem.field] ?? problem.field;
    if (Object.hasOwn(fields, name)) continue;
    fields[name] = problem.code;
    if (problem.about !== null) about[name] = problem.about;
  }
  return new Refusal('invalid_fields', { fields, about });
}
