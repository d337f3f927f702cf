import type { Answer, Trouble } from './ask.ts';
import type { FormState } from './views.ts';

export interface Form {
  readonly busy: boolean;
  readonly trouble: Trouble | null;
  /** Rises with every refusal, so that the same alert is announced again. */
  readonly round: number;
  /** False while a submission is under way: a second click does nothing. */
  begin(): boolean;
  /** A success stays busy, because the page is being left. Null when one is under way already. */
  submit<T>(work: () => Promise<Answer<T>>): Promise<Answer<T> | null>;
  refuse(trouble: Trouble): void;
  reset(): void;
}

/** A form's life in the browser, beginning with what the server found wrong with the last one. */
export function createForm(initial?: FormState): Form {
  let busy = $state(false);
  let round = $state(0);
  let trouble = $state.raw(initial === undefined ? null : troubleOf(initial));

  function refuse(found: Trouble): void {
    trouble = found;
    round += 1;
    busy = false;
  }

  function begin(): boolean {
    if (busy) return false;
    busy = true;
    return true;
  }

  async function submit<T>(work: () => Promise<Answer<T>>): Promise<Answer<T> | null> {
    if (!begin()) return null;
    const answer = await work();
    if (answer.ok) trouble = null;
    else refuse(answer.trouble);
    return answer;
  }

  return {
    get busy() {
      return busy;
    },
    get trouble() {
      return trouble;
    },
    get round() {
      return round;
    },
    begin,
    submit,
    refuse,
    reset() {
      busy = false;
    },
  };
}

function troubleOf(form: FormState): Trouble | null {
  if (form.error === null) return null;
  return { error: form.error, fields: form.fields, ...(form.retryAfter === null ? {} : { retryAfter: form.retryAfter }) };
}

/** What the submitted form holds, as the browser would post it. */
export function fieldsOf(event: SubmitEvent): Readonly<Record<string, string>> {
  const form = event.currentTarget;
  if (!(form instanceof HTMLFormElement)) return {};
  return Object.fromEntries(
    [...new FormData(form, event.submitter)].map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
}
