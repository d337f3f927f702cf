import type { Log } from '../../src/platform/log.ts';
import { createLogger } from '../../src/platform/logger.ts';

export interface Line {
  readonly time: string;
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly [fact: string]: unknown;
}

/** The product's own logger at its most talkative, and the lines that it wrote. */
export interface Logbook {
  readonly log: Log;
  raw(): string;
  lines(msg?: string): readonly Line[];
}

export function openLogbook(): Logbook {
  let text = '';
  const log = createLogger({ logLevel: 'trace' }, { write: (chunk) => void (text += chunk) });
  return {
    log,
    raw: () => text,
    lines: (msg) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Line)
        .filter((line) => msg === undefined || line.msg === msg),
  };
}
