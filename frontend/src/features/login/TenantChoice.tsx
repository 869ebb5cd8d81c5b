import { type KeyboardEvent, useId, useState } from 'react';
import { asApiError, sentence } from '../../api/errors';
import type { User } from '../../api/types';

const LAST_TENANT_KEY = 'opsplane.tenant';
const SEARCH_ABOVE = 7;

export function rememberTenant(tenantId: string | null): void {
  if (tenantId) {
    localStorage.setItem(LAST_TENANT_KEY, tenantId);
  }
}

type Props = { tenants: User['tenants']; onChoose: (tenantId: string) => Promise<void> };

export function TenantChoice({ tenants, onChoose }: Props) {
  const [search, setSearch] = useState('');
  const [problem, setProblem] = useState('');
  const searchId = useId();
  const last = localStorage.getItem(LAST_TENANT_KEY);
  const preselected = tenants.find((tenant) => tenant.tenant_id === last) ?? tenants[0];
  const words = search.trim().toLowerCase();
  const shown = tenants.filter((tenant) => tenant.name.toLowerCase().includes(words));

  const choose = (tenantId: string) => {
    onChoose(tenantId).catch((error) => setProblem(sentence(asApiError(error).message)));
  };
  const chooseFirst = (event: KeyboardEvent) => {
    const first = shown[0];
    if (event.key === 'Enter' && words !== '' && first) {
      event.preventDefault();
      choose(first.tenant_id);
    }
  };

  return (
    <section className="login-tenants" aria-labelledby="tenants-title">
      <h2 id="tenants-title">Choose a tenant</h2>
      {tenants.length > SEARCH_ABOVE && (
        <div className="field">
          <label htmlFor={searchId}>Search</label>
          <input
            id={searchId}
            className="input"
            type="search"
            value={search}
            onKeyDown={chooseFirst}
            onChange={(event) => setSearch(event.target.value)}
          />
        </div>
      )}
      <ul>
        {shown.map((tenant) => (
          <li key={tenant.tenant_id}>
            <button
              type="button"
              className={tenant === preselected ? 'btn primary' : 'btn'}
              // biome-ignore lint/a11y/noAutofocus: the last tenant is one Enter away
              autoFocus={tenant === preselected}
              onClick={() => choose(tenant.tenant_id)}
            >
              <span className="clip" dir="auto">
                {tenant.name}
              </span>
              <span className="login-role">{tenant.role}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p role="status">None of your tenants is called so.</p>}
      {problem && (
        <p className="login-notice" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
