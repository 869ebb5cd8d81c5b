import './account.css';
import { useQuery } from '@tanstack/react-query';
import type { User } from '../../api/types';
import { useSession } from '../../app/session';
import { Failed, Loading, SkeletonRows } from '../../ui/states';
import { usePageTitle } from '../../ui/usePageTitle';
import { CONTROL } from '../control/title';
import { fetchProfile } from './accountApi';
import { FactorPanel } from './FactorPanel';
import { PasswordPanel } from './PasswordPanel';
import { ProfilePanel } from './ProfilePanel';
import { ProviderPanel } from './ProviderPanel';
import { SessionsPanel } from './SessionsPanel';

/** What everybody sets for themselves, in a tenant and in the control plane. */
export function AccountPage() {
  const { user } = useSession();
  usePageTitle('Account', user?.role === 'super_admin' ? CONTROL : user?.tenant_name);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['profile'],
    queryFn: ({ signal }) => fetchProfile(signal),
  });
  return (
    <div className="page-scroll account">
      <div className="page-head">
        <h1>Account</h1>
      </div>
      {isPending && (
        <Loading label="your account">
          <SkeletonRows rows={6} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Your account" error={error} onRetry={refetch} />}
      {data?.must_enrol && (
        <p className="notice account-notice" role="status">
          Set up an authenticator app first: a super-admin works with a second factor only.
        </p>
      )}
      {data && <Panels profile={data} />}
    </div>
  );
}

function Panels({ profile }: { profile: User }) {
  if (profile.acting_as) {
    return null;
  }
  if (profile.must_enrol) {
    return <FactorPanel profile={profile} />;
  }
  if (profile.method === 'sso') {
    return <ProviderPanel profile={profile} />;
  }
  return (
    <>
      <ProfilePanel key={profile.name} profile={profile} />
      <FactorPanel profile={profile} />
      <PasswordPanel />
      <SessionsPanel />
    </>
  );
}
