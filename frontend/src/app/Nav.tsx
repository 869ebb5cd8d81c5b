import { IconAlertTriangle, IconBell, IconGauge, IconSettings } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { overviewNow } from '../features/overview/overviewApi';

const ENTRIES = [
  { to: '/', name: 'Overview', Icon: IconGauge, count: null },
  { to: '/incidents', name: 'Incidents', Icon: IconAlertTriangle, count: 'incidents' },
  { to: '/alerts', name: 'Alerts', Icon: IconBell, count: 'alerts' },
] as const;

export function Nav() {
  const { data } = useQuery(overviewNow);
  const counts = data && {
    incidents: data.openBySeverity.reduce((sum, entry) => sum + entry.count, 0),
    alerts: data.firingAlerts,
  };
  const meaning = { incidents: 'active', alerts: 'firing' };
  return (
    <nav className="nav" aria-label="Main">
      <h2 id="nav-respond">Respond</h2>
      <ul aria-labelledby="nav-respond">
        {ENTRIES.map(({ to, name, Icon, count }) => (
          <li key={to}>
            <Link to={to} activeOptions={{ exact: to === '/', includeSearch: false }} title={name}>
              <Icon className="icon" size={16} stroke={1.6} aria-hidden />
              <span className="nav-name">{name}</span>
              {count && counts && (
                <span className="nav-count num">
                  {counts[count].toLocaleString('en')}
                  <span className="visually-hidden"> {meaning[count]}</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
      <h2 id="nav-manage">Manage</h2>
      <ul aria-labelledby="nav-manage">
        <li>
          <Link to="/settings" title="Settings">
            <IconSettings className="icon" size={16} stroke={1.6} aria-hidden />
            <span className="nav-name">Settings</span>
          </Link>
        </li>
      </ul>
    </nav>
  );
}
