/**
 * What this app keeps in the browser: IndexedDB, because its writing transactions run one after the other, whichever tabs they come from,
 * and because a key in it can be used without ever being read.
 */
const DATABASE = 'portico-client';
const STORE = 'kept';
/** Milliseconds: a storage that hangs must not hang the sign-in. Long, because a tab without an attempt beside one with it looks like two holders. */
const WITHIN = 10_000;

/** Rejects where this browser stores nothing. `work` calls `give` with what it found. */
export async function inStore<T>(work: (store: IDBObjectStore, give: (result: T) => void) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, WITHIN);
  });
  try {
    return await Promise.race([transact(work), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function transact<T>(work: (store: IDBObjectStore, give: (result: T) => void) => void): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      // `strict`: done is on the disk, or a browser that crashes would come back with another attempt than the one it sent.
      const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
      let result: T;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error ?? new Error());
      work(transaction.objectStore(STORE), (given) => {
        result = given;
      });
    });
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

export function recall<T>(key: IDBValidKey): Promise<T | undefined> {
  return inStore((store, give) => {
    const found = store.get(key) as IDBRequest<T | undefined>;
    found.onsuccess = () => give(found.result);
  });
}

export function keep(key: IDBValidKey, value: unknown): Promise<void> {
  return inStore((store) => void store.put(value, key));
}

export function forget(key: IDBValidKey): Promise<void> {
  return inStore((store) => void store.delete(key));
}

/** What is there already, else `value`: of all tabs that ask at once, every one gets the same. */
export function keepFirst<T>(key: IDBValidKey, value: T, instead?: IDBKeyRange): Promise<T> {
  return inStore((store, give) => {
    const found = store.get(key) as IDBRequest<T | undefined>;
    found.onsuccess = () => {
      give(found.result ?? value);
      if (found.result !== undefined) return;
      store.put(value, key);
      if (instead !== undefined) store.delete(instead);
    };
  });
}
