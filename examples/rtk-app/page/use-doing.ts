import { useCallback, useState } from 'react';

/** What the user set going: one thing at a time, with a sentence when it is done and one when it failed. */
export interface Doing {
  readonly busy: boolean;
  readonly said: string;
  readonly trouble: string | null;
  run(act: () => Promise<unknown>, done: string): void;
  fail(error: unknown): void;
}

export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [said, say] = useState('');
  const [trouble, setTrouble] = useState<string | null>(null);
  const fail = useCallback((error: unknown) => setTrouble(sentenceOf(error)), []);
  const run = useCallback(
    (act: () => Promise<unknown>, done: string) => {
      setBusy(true);
      setTrouble(null);
      say('');
      act()
        .then(() => say(done), fail)
        .finally(() => setBusy(false));
    },
    [fail],
  );
  return { busy, said, trouble, run, fail };
}

/** RTK Query throws what it stores, which is no Error: `{ status, data }`, or `{ status, error }` where nothing was answered. */
function sentenceOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const { data } = error as { readonly data?: { readonly message?: unknown } };
  return typeof data?.message === 'string' ? data.message : 'That did not work. Try again in a moment.';
}
