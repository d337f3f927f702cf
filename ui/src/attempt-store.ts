/**
 * The random half of `Portico-Attempt`, one per generation, shared by all tabs of this browser.
 * Same attempt = the same holder asks again; another attempt for a spent generation = a copied token. So it is stored durably before it is sent,
 * and never deleted while a retry could still need it. Generations of an earlier sign-in may be met again: their attempts are only random numbers.
 */
const DATABASE = 'portico';
const STORE = 'attempts';
/** More than the server remembers transitions. */
const KEPT = 16;
/**
 * A browser whose storage hangs must not hang the sign-in for ever: without an attempt the server falls back to narrower rules. Long, because
 * one tab without an attempt beside another one with it looks like two holders, and a busy disk alone must not pause anybody's sign-in.
 */
const STORED_WITHIN = 10_000;
/** 128 bits. */
const ATTEMPT_BYTES = 16;

export function claimAttempt(generation: number): Promise<string | null> {
  return Promise.race([
    claim(generation).catch(() => null),
    new Promise<null>((resolve) => {
      setTimeout(() => resolve(null), STORED_WITHIN);
    }),
  ]);
}

export function newAttempt(generation: number): string {
  const random = crypto.getRandomValues(new Uint8Array(ATTEMPT_BYTES));
  const base64 = btoa(String.fromCharCode(...random));
  return `${generation}.${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

async function claim(generation: number): Promise<string> {
  const database = await open();
  try {
    return await putIfAbsent(database, generation);
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error());
  });
}

/** Writing transactions of all tabs run one after the other; `strict` returns only once the attempt is on the disk. */
function putIfAbsent(database: IDBDatabase, generation: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
    const store = transaction.objectStore(STORE);
    const found: IDBRequest<unknown> = store.get(generation);
    let attempt = '';
    found.onsuccess = () => {
      if (typeof found.result === 'string') {
        attempt = found.result;
        return;
      }
      attempt = newAttempt(generation);
      store.put(attempt, generation);
      store.delete(IDBKeyRange.upperBound(generation - KEPT));
    };
    transaction.oncomplete = () => resolve(attempt);
    transaction.onerror = () => reject(transaction.error ?? new Error());
    transaction.onabort = () => reject(transaction.error ?? new Error());
  });
}
