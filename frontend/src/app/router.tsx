import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
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

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

export type ListSearch = { view?: string; q?: string; sort?: string; peek?: string };

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('../features/overview/OverviewPage'), 'OverviewPage'),
});

export const incidentsRoute = createRoute({
  getParentRoute: () => root,
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
  getParentRoute: () => root,
  path: '/incidents/$ref',
  validateSearch: (search: Record<string, unknown>): IncidentSearch => ({
    kind: text(search.kind),
    order: text(search.order),
  }),
  component: lazyRouteComponent(() => import('../features/incidents/IncidentPage'), 'IncidentPage'),
});

export type AlertsSearch = { q?: string; open?: string };

export const alertsRoute = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  validateSearch: (search: Record<string, unknown>): AlertsSearch => ({
    q: text(search.q),
    open: text(search.open),
  }),
  component: lazyRouteComponent(() => import('../features/alerts/AlertsPage'), 'AlertsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, incidentsRoute, incidentRoute, alertsRoute]),
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
