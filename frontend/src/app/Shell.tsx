import './shell.css';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { Suspense, useEffect, useRef, useState } from 'react';
import { ImpersonationBar } from './ImpersonationBar';
import { useKeys } from './keys';
import { Nav } from './Nav';
import { Palette } from './Palette';
import { ProviderBar } from './ProviderBar';
import { ShortcutSheet } from './ShortcutSheet';
import { StandingBar } from './StandingBar';
import { TopBar } from './TopBar';
import { usePaletteKey } from './usePaletteKey';

export function Shell() {
  const navigate = useNavigate();
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [sheetOpen, setSheetOpen] = useState(false);

  const main = useFocusOnNewPage();
  usePaletteKey(() => setPaletteOpen(true));
  useKeys({
    '?': () => setSheetOpen(true),
    'g o': () => void navigate({ to: '/' }),
    'g i': () => void navigate({ to: '/incidents' }),
    'g a': () => void navigate({ to: '/alerts' }),
    'g s': () => void navigate({ to: '/settings' }),
  });

  return (
    <div className="shell-frame">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <ImpersonationBar />
      <StandingBar />
      <ProviderBar />
      <div className="shell">
        <TopBar onSearch={() => setPaletteOpen(true)} onShortcuts={() => setSheetOpen(true)} />
        <Nav />
        <main id="main" tabIndex={-1} ref={main}>
          <Suspense fallback={null}>
            <Outlet />
          </Suspense>
        </main>
        {paletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
        {sheetOpen && <ShortcutSheet onClose={() => setSheetOpen(false)} />}
      </div>
    </div>
  );
}

/** Another page is another place: focus goes to its start, unless something there has taken it already. */
function useFocusOnNewPage() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) {
      return;
    }
    shown.current = pathname;
    if (!main.current?.contains(document.activeElement)) {
      main.current?.focus({ preventScroll: true });
    }
  }, [pathname]);
  return main;
}
