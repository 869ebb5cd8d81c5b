import { useId } from 'react';
import type { Sso } from '../../../api/types';
import { Tag } from '../../../ui/Tag';

/** What the provider must be told, before it is connected too; then where people start and which domains are known. */
export function Facts({ sso: { redirect_uri, connection } }: { sso: Sso }) {
  const id = useId();
  const confirmed = new Set(connection?.confirmed_domains);
  return (
    <dl className="sso-facts">
      <dt>Redirect address, for the provider</dt>
      <dd className="mono">{redirect_uri}</dd>
      {connection && (
        <>
          <dt>Link that signs in at once</dt>
          <dd className="mono">{`${location.origin}/api/auth/sso/start?tenant_id=${connection.tenant_id}`}</dd>
          <dt id={id}>Email domains</dt>
          <dd>
            <ul aria-labelledby={id}>
              {connection.email_domains.map((domain) => (
                <li key={domain}>
                  <Tag tone={confirmed.has(domain) ? 'ok' : 'warn'}>
                    {domain}, {confirmed.has(domain) ? 'confirmed' : 'not confirmed'}
                  </Tag>
                </li>
              ))}
            </ul>
            {connection.email_domains.some((domain) => !confirmed.has(domain)) && (
              <p className="hint">
                The sign-in page knows a domain once a super-admin of this installation has confirmed that it
                is yours. Until then the link above works.
              </p>
            )}
          </dd>
        </>
      )}
    </dl>
  );
}
