// A super-admin's stay in a tenant: a token without a refresh, in this tab alone, gone with it.
const KEY = 'opsplane.impersonation';

/** Takes the token of `/impersonate#token=…` out of the address. */
export function takeUpImpersonation(): void {
  if (location.pathname !== '/impersonate') {
    return;
  }
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) {
    sessionStorage.setItem(KEY, token);
  }
  history.replaceState(null, '', '/');
}

export function impersonationToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function endImpersonation(): void {
  sessionStorage.removeItem(KEY);
}
