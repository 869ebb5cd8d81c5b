import '@fontsource-variable/inter/wght.css';
import '../../ui/badges.css';
import './control.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { queryClient } from '../../app/queryClient';
import { signOut, useSession } from '../../app/session';
import { toggleTheme, useTheme } from '../../app/theme';
import { BrandMark } from '../../ui/Brand';
import { PanelBoundary } from '../../ui/PanelBoundary';
import { Toasts } from '../../ui/toasts';
import { ControlSessionDialog } from './ControlSessionDialog';
import { TenantsPage } from './TenantsPage';

const TENANTS_PATH = '/control/tenants';

/** The operators' console: its own shell, with an amber line, so that nobody takes it for a tenant. */
export function ControlPlane() {
  const { user } = useSession();
  const theme = useTheme();
  const path = location.pathname.replace(/\/$/, '');
  const known = path === '/control' || path === TENANTS_PATH;
  useEffect(() => {
    document.title = known ? 'Tenants – Opsplane control plane' : 'Nothing here – Opsplane control plane';
    if (path === '/control') {
      history.replaceState(null, '', TENANTS_PATH);
    }
  }, [known, path]);
  return (
    <QueryClientProvider client={queryClient}>
      <div className="control">
        <a className="skip" href="#main">
          Skip to content
        </a>
        <header className="control-top">
          <BrandMark />
          <b>Control plane</b>
          <nav aria-label="Main">
            <a href={TENANTS_PATH} aria-current={known ? 'page' : undefined}>
              Tenants
            </a>
          </nav>
          <span className="hint push clip control-user">{user?.email}</span>
          <button type="button" className="btn ghost" onClick={toggleTheme}>
            {theme === 'dark' ? 'Light theme' : 'Dark theme'}
          </button>
          <button type="button" className="btn" onClick={signOut}>
            Sign out
          </button>
        </header>
        <main id="main" tabIndex={-1}>
          {known ? (
            <PanelBoundary what="Tenants">
              <TenantsPage />
            </PanelBoundary>
          ) : (
            <div className="state">
              <h1>Nothing here</h1>
              <p>This page does not exist, or you may not see it.</p>
            </div>
          )}
        </main>
      </div>
      <ControlSessionDialog />
      <Toasts />
    </QueryClientProvider>
  );
}
