import './settings.css';
import { Link, Navigate, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useUnsavedPlaces } from '../../app/drafts';
import { SETTINGS_PAGES } from './pages';

export function SettingsLayout() {
  const { pathname } = useLocation();
  const unsaved = useUnsavedPlaces();
  const nav = useRef<HTMLElement>(null);
  // On a phone the pages are a strip that is wider than the screen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another page moves the strip
  useEffect(() => {
    const current = nav.current?.querySelector('[aria-current=page]');
    current?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [pathname]);
  if (pathname.replace(/\/$/, '') === '/settings') {
    return <Navigate to="/settings/account" replace />;
  }
  return (
    <div className="settings">
      <nav className="settings-nav" aria-label="Settings" ref={nav}>
        <ul>
          {SETTINGS_PAGES.map(({ to, name }) => (
            <li key={to}>
              <Link to={to} activeOptions={{ includeSearch: false }}>
                {name}
                {unsaved.has(to) && (
                  <span className="settings-unsaved" title="Not saved yet">
                    <span className="visually-hidden">(not saved yet)</span>
                  </span>
                )}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="settings-page">
        <Outlet />
      </div>
    </div>
  );
}
