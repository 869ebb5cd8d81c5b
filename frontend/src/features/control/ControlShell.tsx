import './control.css';
import { Link, Navigate, Outlet, useLocation, useRouterState } from '@tanstack/react-router';
import { signOut, useSession } from '../../app/session';
import { toggleTheme, useTheme } from '../../app/theme';
import { BrandMark } from '../../ui/Brand';
import { PanelBoundary } from '../../ui/PanelBoundary';

const PAGES = [
  { to: '/control/tenants', name: 'Tenants' },
  { to: '/control/plans', name: 'Plans' },
  { to: '/control/fleet', name: 'Fleet' },
  { to: '/control/audit', name: 'Audit log' },
  { to: '/control/account', name: 'Account' },
] as const;
const ACCOUNT = '/control/account';

/** Its own shell, with an amber line, so that nobody takes it for a tenant. */
export function ControlShell() {
  const { user } = useSession();
  const theme = useTheme();
  const { pathname } = useLocation();
  // The page that is shown, not the address: that one changes before the next page is there.
  const shown = useRouterState({ select: (state) => state.matches.at(-1)?.pathname ?? '' });
  if (pathname.replace(/\/$/, '') === '/control') {
    return <Navigate to="/control/tenants" replace />;
  }
  const isHeldBack = user?.must_enrol && shown.replace(/\/$/, '') !== ACCOUNT;
  if (user?.must_enrol && pathname !== ACCOUNT) {
    return <Navigate to={ACCOUNT} replace />;
  }
  const pages = user?.must_enrol ? PAGES.filter(({ to }) => to === ACCOUNT) : PAGES;
  return (
    <div className="control">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="control-top">
        <BrandMark />
        <b>Control plane</b>
        <nav aria-label="Main">
          {pages.map(({ to, name }) => (
            <Link key={to} to={to} activeOptions={{ includeSearch: false }}>
              {name}
            </Link>
          ))}
        </nav>
        <span className="hint push clip control-user">{user?.email}</span>
        <button type="button" className="btn ghost control-theme" onClick={toggleTheme}>
          {theme === 'dark' ? 'Light theme' : 'Dark theme'}
        </button>
        <button type="button" className="btn" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        {!isHeldBack && (
          <PanelBoundary key={pathname} what="This page">
            <Outlet />
          </PanelBoundary>
        )}
      </main>
    </div>
  );
}
