import { useEffect } from 'react';

export function usePageTitle(title: string, tenantName: string | null | undefined): void {
  useEffect(() => {
    document.title = `${title} – ${tenantName ?? 'Opsplane'}`;
  }, [title, tenantName]);
}
