import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { NotFound } from '../ui/NotFound';
import { RouteFailed } from './RouteFailed';
import { Shell } from './Shell';

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Keeps an empty value: `?q=` is a filter that shows everything. */
function writeSearch(search: Record<string, unknown>): string {
  const written = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (typeof value === 'string') {
      written.set(key, value);
    }
  }
  // A colon and a comma need no escape in a query, and filters are full of them.
  const query = written.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return query ? `?${query}` : '';
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/** The tenant's application: everything inside its shell. */
const tenant = createRoute({ getParentRoute: () => root, id: 'tenant', component: Shell });

export type ListSearch = { view?: string; q?: string; sort?: string; peek?: string };

const overview = createRoute({
  getParentRoute: () => tenant,
  path: '/',
  component: lazyRouteComponent(() => import('../features/overview/OverviewPage'), 'OverviewPage'),
});

export const incidentsRoute = createRoute({
  getParentRoute: () => tenant,
  path: '/incidents',
  // An empty q is a filter too: it shows everything, whatever the view.
  validateSearch: (search: Record<string, unknown>): ListSearch => ({
    view: text(search.view),
    q: typeof search.q === 'string' ? search.q : undefined,
    sort: text(search.sort),
    peek: text(search.peek),
  }),
  component: lazyRouteComponent(() => import('../features/incidents/IncidentsPage'), 'IncidentsPage'),
});

export type IncidentSearch = { kind?: string; order?: string };

export const incidentRoute = createRoute({
  getParentRoute: () => tenant,
  path: '/incidents/$ref',
  validateSearch: (search: Record<string, unknown>): IncidentSearch => ({
    kind: text(search.kind),
    order: text(search.order),
  }),
  component: lazyRouteComponent(() => import('../features/incidents/IncidentPage'), 'IncidentPage'),
});

export type AlertsSearch = { q?: string; open?: string };

export const alertsRoute = createRoute({
  getParentRoute: () => tenant,
  path: '/alerts',
  validateSearch: (search: Record<string, unknown>): AlertsSearch => ({
    q: text(search.q),
    open: text(search.open),
  }),
  component: lazyRouteComponent(() => import('../features/alerts/AlertsPage'), 'AlertsPage'),
});

/** Inside the shell, so that there is a way on. */
const nothingHere = createRoute({ getParentRoute: () => tenant, path: '$', component: NotFound });

/** The settings of a tenant and of oneself; each page names the permission that it needs. */
const settings = createRoute({
  getParentRoute: () => tenant,
  path: '/settings',
  component: lazyRouteComponent(() => import('../features/settings/SettingsLayout'), 'SettingsLayout'),
});

export type SettingsSearch = { q?: string; open?: string };

function settingsSearch(search: Record<string, unknown>): SettingsSearch {
  return { q: text(search.q), open: text(search.open) };
}

const settingsPages = [
  createRoute({
    getParentRoute: () => settings,
    path: '/people',
    validateSearch: settingsSearch,
    component: lazyRouteComponent(() => import('../features/settings/people/PeoplePage'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/sign-on',
    component: lazyRouteComponent(() => import('../features/settings/sso/SignOnPage'), 'SignOnPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/keys',
    validateSearch: settingsSearch,
    component: lazyRouteComponent(() => import('../features/settings/keys/KeysPage'), 'KeysPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/audit',
    validateSearch: settingsSearch,
    component: lazyRouteComponent(() => import('../features/settings/audit/AuditPage'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/access',
    component: lazyRouteComponent(() => import('../features/settings/access/AccessPage'), 'AccessPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/usage',
    component: lazyRouteComponent(() => import('../features/settings/usage/UsagePage'), 'UsagePage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/billing',
    validateSearch: (search: Record<string, unknown>): { checkout?: string } => ({
      checkout: text(search.checkout),
    }),
    component: lazyRouteComponent(() => import('../features/settings/billing/BillingPage'), 'BillingPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/account',
    component: lazyRouteComponent(() => import('../features/account/AccountPage'), 'AccountPage'),
  }),
] as const;

/** The operators' console: its own shell, and nothing of a tenant's in it. */
const control = createRoute({
  getParentRoute: () => root,
  path: '/control',
  component: lazyRouteComponent(() => import('../features/control/ControlShell'), 'ControlShell'),
  notFoundComponent: lazyRouteComponent(
    () => import('../features/control/ControlNotFound'),
    'ControlNotFound',
  ),
});

export type TenantsSearch = { q?: string; state?: string; plan?: string };

function tenantsSearch(search: Record<string, unknown>): TenantsSearch {
  return { q: text(search.q), state: text(search.state), plan: text(search.plan) };
}

const controlPages = [
  createRoute({
    getParentRoute: () => control,
    path: '$',
    component: lazyRouteComponent(() => import('../features/control/ControlNotFound'), 'ControlNotFound'),
  }),
  createRoute({
    getParentRoute: () => control,
    path: '/tenants',
    validateSearch: tenantsSearch,
    component: lazyRouteComponent(() => import('../features/control/tenants/TenantsPage'), 'TenantsPage'),
  }),
  createRoute({
    getParentRoute: () => control,
    path: '/tenants/$tenantId',
    validateSearch: (search: Record<string, unknown>): { tab?: string } => ({ tab: text(search.tab) }),
    component: lazyRouteComponent(() => import('../features/control/tenant/TenantPage'), 'TenantPage'),
  }),
  createRoute({
    getParentRoute: () => control,
    path: '/plans',
    component: lazyRouteComponent(() => import('../features/control/plans/PlansPage'), 'PlansPage'),
  }),
  createRoute({
    getParentRoute: () => control,
    path: '/fleet',
    component: lazyRouteComponent(() => import('../features/control/fleet/FleetPage'), 'FleetPage'),
  }),
  createRoute({
    getParentRoute: () => control,
    path: '/audit',
    validateSearch: settingsSearch,
    component: lazyRouteComponent(
      () => import('../features/control/audit/ControlAuditPage'),
      'ControlAuditPage',
    ),
  }),
  createRoute({
    getParentRoute: () => control,
    path: '/account',
    component: lazyRouteComponent(() => import('../features/account/AccountPage'), 'AccountPage'),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([
    tenant.addChildren([
      overview,
      incidentsRoute,
      incidentRoute,
      alertsRoute,
      settings.addChildren(settingsPages),
      nothingHere,
    ]),
    control.addChildren(controlPages),
  ]),
  defaultPreload: 'intent',
  defaultErrorComponent: RouteFailed,
  // Plain `?q=sev:1` instead of JSON values: links stay readable and can be typed.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: writeSearch,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
