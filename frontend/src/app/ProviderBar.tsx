import './impersonation.css';
import { IconEye } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { fetchStays } from '../features/settings/access/accessApi';
import { hoursMinutes } from '../ui/age';
import { useSession } from './session';

const LOOK_MS = 30_000;

/** Tells the tenant's admins on every page that somebody of the provider is inside. */
export function ProviderBar() {
  const { user } = useSession();
  const isAdmin = user?.role === 'admin' && !user.acting_as;
  const { data } = useQuery({
    queryKey: ['stays', 'now'],
    queryFn: ({ signal }) => fetchStays(null, signal),
    enabled: isAdmin,
    refetchInterval: LOOK_MS,
    staleTime: LOOK_MS,
    select: (page) => page.items.filter((stay) => stay.is_running),
  });
  const first = data?.[0];
  if (!isAdmin || !first) {
    return null;
  }
  return (
    <div className="standing provider" role="status">
      <IconEye className="icon" size={16} stroke={1.6} aria-hidden />
      <span className="provider-who">
        <b>{first.by}</b> of the provider is in this tenant until{' '}
        <span className="num">{hoursMinutes(Date.parse(first.ends_at))}</span>,{' '}
        {first.read_only ? 'read only' : 'and may change things'}
        {data.length > 1 && `, and ${data.length - 1} more`}
        <span className="provider-why" dir="auto">
          : {first.reason}
        </span>
      </span>
      <Link className="push" to="/settings/access">
        All stays
      </Link>
    </div>
  );
}
