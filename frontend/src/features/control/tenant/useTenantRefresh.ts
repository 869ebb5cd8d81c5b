import { useQueryClient } from '@tanstack/react-query';

/** After a change: the tenant, what was done with it, and the list. */
export function useTenantRefresh(tenantId: string): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ['tenant', tenantId] }),
      client.invalidateQueries({ queryKey: ['tenants'] }),
    ]);
  };
}
