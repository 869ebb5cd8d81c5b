import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../../ui/badges.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { queryClient } from '../../app/queryClient';
import { router } from '../../app/router';
import { Toasts } from '../../ui/toasts';
import { ControlSessionDialog } from './ControlSessionDialog';

/** The operators' console. */
export function ControlPlane() {
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <ControlSessionDialog />
      <Toasts />
    </QueryClientProvider>
  );
}
