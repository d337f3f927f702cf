import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** One line of what a test process tells the runner. */
export type Entry =
  | { readonly kind: 'begun'; readonly name: string }
  | { readonly kind: 'passed' | 'skipped'; readonly name: string; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly name: string; readonly milliseconds: number; readonly where: string; readonly why: string }
  | { readonly kind: 'noted'; readonly text: string }
  | { readonly kind: 'ended' };

/** The totals that node:test notes at the end of each file; ours are counted over all files. */
const OWN_TOTALS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * The reporter that runs inside each test process: one JSON line for each test. A process that leaves no `ended`
 * line was cut short, however kind its exit code.
 */
export default async function* writeEventLog(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const entry = toEntry(event);
    if (entry) yield `${JSON.stringify(entry)}\n`;
  }
}

function toEntry(event: TestEvent): Entry | null {
  if (event.type === 'test:dequeue') return { kind: 'begun', name: event.data.name };
  if (event.type === 'test:diagnostic') return OWN_TOTALS.test(event.data.message) ? null : { kind: 'noted', text: event.data.message };
  if (event.type === 'test:summary') return { kind: 'ended' };
  if (event.type === 'test:fail') return toFailure(event.data);
  if (event.type !== 'test:pass') return null;
  const { name, skip, todo, details } = event.data;
  // A suite is counted by its tests, unless they are skipped or announced with it.
  if (details.type === 'suite' && skip === undefined && todo === undefined) return null;
  const milliseconds = details.duration_ms;
  if (todo !== undefined) {
    return { kind: 'failed', name, milliseconds, where: placeOf(event.data), why: 'A test that is only announced proves nothing.' };
  }
  return { kind: skip === undefined ? 'passed' : 'skipped', name, milliseconds };
}

type Failure = Extract<TestEvent, { type: 'test:fail' }>['data'];

function toFailure(data: Failure): Entry | null {
  const { cause } = data.details.error;
  const failureType = Reflect.get(data.details.error, 'failureType');
  // The children of a suite are counted themselves; a suite counts only when it broke by itself, in a hook say.
  if (data.details.type === 'suite' && failureType === 'subtestsFailed') return null;
  return {
    kind: 'failed',
    name: data.name,
    milliseconds: data.details.duration_ms,
    where: placeOf(data),
    why: typeof cause === 'string' ? cause : inspect(cause ?? data.details.error, { depth: 6 }),
  };
}

function placeOf(data: { readonly file?: string; readonly line?: number }): string {
  return data.file === undefined ? '' : `${data.file}:${data.line ?? 1}`;
}
