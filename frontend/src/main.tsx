// Decides what to load: the small login page, or the whole application for somebody who is signed in.
import './ui/tokens.css';
import './ui/base.css';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/errors';
import { takeUpImpersonation } from './app/impersonation';
import { renew, signOut } from './app/session';
import { loginAddress } from './features/login/nextPath';

const container = document.getElementById('root');
if (!container) {
  throw new Error('index.html has no #root');
}
const root = createRoot(container);
const LOGIN_PAGE = /^\/((control\/)?login(\/|$)|join$|reset-password$)/;
const FONT_WAIT_MS = 300;
const inControlPlane = location.pathname === '/control' || location.pathname.startsWith('/control/');

async function showLogin(): Promise<void> {
  const { LoginPage } = await import('./features/login/LoginPage');
  root.render(<LoginPage realm={inControlPlane ? 'control' : 'tenant'} onSignedIn={afterSignIn} />);
}

/** A page that was open since before an update asks for files that are gone; the session is kept, so load it anew. */
function afterSignIn(): Promise<void> {
  return showApplication().catch(() => location.reload());
}

async function showApplication(): Promise<void> {
  if (inControlPlane) {
    const { ControlPlane } = await import('./features/control/ControlPlane');
    root.render(<ControlPlane />);
    return;
  }
  const { Application } = await import('./app/Application');
  await fontReady();
  root.render(<Application />);
}

/** The page's font, if it comes soon: text that changes its width after the first paint moves what is below. */
function fontReady(): Promise<unknown> {
  const soon = new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS));
  return Promise.race([document.fonts.load('400 13px "Inter Variable"'), soon]);
}

async function start(): Promise<void> {
  takeUpImpersonation();
  if (LOGIN_PAGE.test(location.pathname)) {
    return showLogin();
  }
  try {
    await renew();
  } catch (problem) {
    if (problem instanceof ApiError && problem.status === 401) {
      history.replaceState(null, '', loginAddress(location));
      return showLogin();
    }
    const { Unavailable } = await import('./ui/Unavailable');
    root.render(<Unavailable onRetry={() => location.reload()} onSignOut={signOut} />);
    return;
  }
  return showApplication();
}

start();
