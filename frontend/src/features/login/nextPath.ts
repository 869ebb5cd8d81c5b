// Where to go after login: only to a path of our own, never to another site.

const LOGIN_PATH = /^\/((control\/)?login(\/|$)|join$|reset-password$)/;

export function safeNextPath(wanted: string | null, fallback: string): string {
  if (!wanted?.startsWith('/') || wanted.startsWith('//') || wanted.includes('\\')) {
    return fallback;
  }
  const url = new URL(wanted, 'http://own.invalid');
  if (url.host !== 'own.invalid' || LOGIN_PATH.test(url.pathname)) {
    return fallback;
  }
  const wantsControl = url.pathname.startsWith('/control');
  if (wantsControl !== fallback.startsWith('/control')) {
    return fallback;
  }
  return url.pathname + url.search + url.hash;
}

export function loginAddress(from: { pathname: string; search: string; hash: string }): string {
  const page = from.pathname.startsWith('/control') ? '/control/login' : '/login';
  const asked = from.pathname + from.search + from.hash;
  if (asked === '/' || from.pathname === '/control' || from.pathname === '/control/tenants') {
    return page;
  }
  return `${page}?next=${encodeURIComponent(asked)}`;
}
