import './sso.css';
import { useQuery } from '@tanstack/react-query';
import { useSession } from '../../../app/session';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { ConnectionForm } from './ConnectionForm';
import { ScimPanel } from './ScimPanel';
import { fetchSso } from './ssoApi';

export function SignOnPage() {
  const { user } = useSession();
  usePageTitle('Single sign-on', user?.tenant_name);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['sso'],
    queryFn: ({ signal }) => fetchSso(signal),
  });
  return (
    <>
      <div className="page-head">
        <h1>Single sign-on</h1>
      </div>
      {isPending && (
        <Loading label="single sign-on">
          <SkeletonRows rows={6} height={44} />
        </Loading>
      )}
      {error && data === undefined && <Failed what="Single sign-on" error={error} onRetry={refetch} />}
      {data !== undefined && (
        <>
          <ConnectionForm key={data.version} sso={data} />
          <ScimPanel />
        </>
      )}
    </>
  );
}
