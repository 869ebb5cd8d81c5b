import { queryOptions } from '@tanstack/react-query';
import { get } from '../../../api/client';
import type { Cell, Page } from '../../../api/types';

const LOOK_MS = 15_000;

/** Each plane as it last answered; several panels look at the same answer. */
export const cellsQuery = queryOptions({
  queryKey: ['cells'],
  queryFn: ({ signal }) => get<Page<Cell>>('/api/tenants/cells', { limit: 200 }, signal),
  refetchInterval: LOOK_MS,
});
