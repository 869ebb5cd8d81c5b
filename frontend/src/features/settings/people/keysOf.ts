import type { ApiKey, Person } from '../../../api/types';
import { keyState } from '../keys/keyState';
import { fetchKeys } from '../keys/keysApi';

/** The keys that somebody made and that still open something. */
export async function fetchKeysOf(person: Person, signal: AbortSignal): Promise<ApiKey[]> {
  const found: ApiKey[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof fetchKeys>> = await fetchKeys(cursor, signal);
    found.push(...page.items.filter((key) => key.created_by === person.email && works(key)));
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

function works(key: ApiKey): boolean {
  const state = keyState(key, Date.now());
  return state === 'active' || state === 'unused';
}
