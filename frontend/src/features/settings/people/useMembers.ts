import { useQuery } from '@tanstack/react-query';
import type { Person } from '../../../api/types';
import { fetchPeople } from './peopleApi';

/** Everybody in the tenant, to choose from. */
export function useMembers(): Person[] {
  const { data } = useQuery({
    queryKey: ['people', { all: true }],
    queryFn: ({ signal }) => everybody(signal),
  });
  return data ?? [];
}

async function everybody(signal: AbortSignal): Promise<Person[]> {
  const found: Person[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof fetchPeople>> = await fetchPeople('', cursor, signal);
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}
