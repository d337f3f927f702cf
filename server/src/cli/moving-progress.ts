import type { OnProgress } from '../moving/content.ts';

const SAID_EVERY = 200;

/** One line that is written over and over, for a person at a terminal; nothing for a log. */
export function showProgress(out: NodeJS.WriteStream): { readonly onProgress: OnProgress; end(): void } {
  let saidAt = Number.NEGATIVE_INFINITY;
  let wasSaid = false;
  return {
    onProgress: ({ step, table, done, rows }) => {
      if (!out.isTTY || performance.now() - saidAt < SAID_EVERY) return;
      saidAt = performance.now();
      wasSaid = true;
      const share = rows === 0 ? 100 : Math.floor((100 * done) / rows);
      out.write(`\r\u001b[K${step} ${done.toLocaleString('en')} of ${rows.toLocaleString('en')} rows (${share} %), ${table}`);
    },
    end: () => {
      if (wasSaid) out.write('\r\u001b[K');
    },
  };
}
