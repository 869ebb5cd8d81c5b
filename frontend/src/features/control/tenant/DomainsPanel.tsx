import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { put } from '../../../api/client';
import type { SsoConnection } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { Failed } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { fetchSso } from '../../settings/sso/ssoApi';

/** Which e-mail domains of its single sign-on are known to be the tenant's: the sign-in page believes those alone. */
export function DomainsPanel({ tenantId }: { tenantId: string }) {
  const id = useId();
  const queryKey = ['tenant', tenantId, 'sso'];
  const [asked, setAsked] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => fetchSso(signal, tenantId),
    enabled: asked,
  });
  const connection = data?.connection;
  const action = useAction();
  const client = useQueryClient();
  const confirm = (domains: string[], said: string) =>
    void action.run(async () => {
      await put<SsoConnection>(`/api/tenants/${tenantId}/sso-domains`, { domains });
      await client.invalidateQueries({ queryKey });
      tell(said);
    });
  return (
    <section className="panel control-panel" aria-labelledby={id}>
      <div className="panel-title row">
        <h2 id={id}>Single sign-on</h2>
        {!asked && (
          <button type="button" className="btn push" onClick={() => setAsked(true)}>
            Show its domains
          </button>
        )}
      </div>
      {error && data === undefined && <Failed what="Single sign-on" error={error} onRetry={refetch} />}
      {connection === null && (
        <p className="domains-note" role="status">
          This tenant has connected no provider.
        </p>
      )}
      {connection && (
        <ul className="operations">
          {connection.email_domains.map((domain) => {
            const confirmed = connection.confirmed_domains.includes(domain);
            const others = connection.confirmed_domains.filter((known) => known !== domain);
            return (
              <li key={domain}>
                <div className="operation-head">
                  <Tag tone={confirmed ? 'ok' : 'warn'}>
                    {domain}, {confirmed ? 'confirmed' : 'not confirmed'}
                  </Tag>
                  <button
                    type="button"
                    className="btn push"
                    aria-disabled={action.busy}
                    onClick={() =>
                      confirmed
                        ? confirm(others, `${domain} is not confirmed any more`)
                        : confirm([...connection.confirmed_domains, domain], `${domain} is confirmed`)
                    }
                  >
                    {confirmed ? `Withdraw ${domain}` : `Confirm ${domain}`}
                  </button>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      <Problem what="Nothing was changed" problem={action.problem} />
      {connection && (
        <p className="hint domains-note">
          Confirm a domain when you know that it is theirs: the sign-in page then sends everybody with such an
          address to {connection.display_name}.
        </p>
      )}
    </section>
  );
}
