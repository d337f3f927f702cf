import type { Answer, Trouble } from './ask.ts';
import type { FormState } from './views.ts';

export interface Form {
  readonly busy: boolean;
  readonly trouble: Trouble | null;
  /** Rises with every refusal, so that the same alert is announced again. */
  readonly round: number;
  /** One submission at a time: a second click while the first is under way does nothing. A success stays busy, because the page is being left. */
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

  async function submit<T>(work: () => Promise<Answer<T>>): Promise<Answer<T> | null> {
    if (busy) return null;
    busy = true;
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
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}
