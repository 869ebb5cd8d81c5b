// Where a session outlives a reload and is shared by all tabs: IndexedDB, because it is the one store that every tab
// sees in the same state at once. localStorage lags between tabs, and a refresh token that is used twice ends the
// session for good.
import type { Session } from '../api/types';

export type KeptSession = Session & { expires_at: number };

const DATABASE = 'opsplane';
const STORE = 'sessions';

let opening: Promise<IDBDatabase> | null = null;

function asPromise<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function database(): Promise<IDBDatabase> {
  if (!opening) {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    opening = asPromise(request);
  }
  return opening;
}

async function write(change: (store: IDBObjectStore) => void): Promise<void> {
  const transaction = (await database()).transaction(STORE, 'readwrite');
  change(transaction.objectStore(STORE));
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Where a browser allows no storage, the session lasts as long as the page. */
function orWithout<Result>(work: Promise<Result>, without: Result): Promise<Result> {
  return work.catch(() => without);
}

export function keptSession(realm: string): Promise<KeptSession | null> {
  const read = async (): Promise<KeptSession | null> => {
    const store = (await database()).transaction(STORE).objectStore(STORE);
    const found: KeptSession | undefined = await asPromise(store.get(realm));
    return found ?? null;
  };
  return orWithout(read(), null);
}

export function keepSession(realm: string, session: KeptSession): Promise<void> {
  return orWithout(
    write((store) => store.put(session, realm)),
    undefined,
  );
}

export function forgetSession(realm: string): Promise<void> {
  return orWithout(
    write((store) => store.delete(realm)),
    undefined,
  );
}
