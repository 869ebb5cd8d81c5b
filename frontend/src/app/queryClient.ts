import { QueryClient } from '@tanstack/react-query';
import { asApiError } from '../api/errors';

const FRESH_MS = 30_000;

/** What the server decided (4xx) is not asked again; what may have been an accident is asked once more. */
function shouldRetry(failures: number, error: unknown): boolean {
  const status = asApiError(error).status;
  return failures < 1 && (status === 0 || status >= 500);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      retry: shouldRetry,
      refetchOnWindowFocus: false,
    },
    mutations: { retry: false },
  },
});
