import type { Deps } from '../deps.ts';
import { KEYS_READ_EVERY, reloadKeyring } from './rotate-keys.ts';

/** Whoever sends texts with made-up key numbers makes a node read its keys no more often than this, in milliseconds. */
const REST = 1000;

/** Reads what other nodes and the command line make, every few seconds, and at once when a text names a key that is not known here. */
export function keepKeys(deps: Deps): { stop(): void } {
  let resting: NodeJS.Timeout | null = null;
  let askedMeanwhile = false;
  const read = () => {
    reloadKeyring(deps).catch((cause: unknown) => deps.log.warn({ err: cause }, 'keys could not be read; trying again'));
  };
  const readNow = () => {
    askedMeanwhile = false;
    resting = setTimeout(() => {
      resting = null;
      if (askedMeanwhile) readNow();
    }, REST).unref();
    read();
  };
  deps.vault.whenUnknown(() => {
    if (resting === null) readNow();
    else askedMeanwhile = true;
  });
  const timer = setInterval(read, KEYS_READ_EVERY).unref();
  return {
    stop: () => {
      clearInterval(timer);
      if (resting !== null) clearTimeout(resting);
    },
  };
}
