import { queryOptions, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Permissions } from '../api/types';

export type Permission =
  | 'incidents:read'
  | 'incidents:write'
  | 'alerts:read'
  | 'api_keys:manage'
  | 'dead_letters:manage';

const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: ({ signal }) => get<Permissions>('/api/rbac/permissions', {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Whether the person may do this. Until the answer is here: no, so that nothing appears and then vanishes. */
export function useMay(permission: Permission): boolean {
  const { data } = useQuery(permissionsQuery);
  return data?.permissions.includes(permission) ?? false;
}

/** The answer is still on its way: keep the place of what may appear. */
export function usePermissionsPending(): boolean {
  return useQuery(permissionsQuery).isPending;
}
