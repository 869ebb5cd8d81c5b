import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../ui/badges.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Toasts } from '../ui/toasts';
import { startLive } from './live';
import { liveCache } from './liveCache';
import { queryClient } from './queryClient';
import { router } from './router';
import { SessionDialog } from './SessionDialog';

export function Application() {
  useEffect(() => startLive(liveCache(queryClient)), []);
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <SessionDialog />
      <Toasts />
    </QueryClientProvider>
  );
}
