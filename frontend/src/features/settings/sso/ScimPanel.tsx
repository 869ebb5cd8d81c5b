import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ScimTokenMade } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { Problem } from '../../../ui/Problem';
import { Failed } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { fetchScim, makeScimToken, removeScimToken } from './ssoApi';

/** A directory that makes and deactivates members by itself. */
export function ScimPanel() {
  const [made, setMade] = useState<ScimTokenMade | null>(null);
  const [asking, setAsking] = useState<'replace' | 'remove' | null>(null);
  const action = useAction();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['scim-token'],
    queryFn: ({ signal }) => fetchScim(signal),
  });
  const token = data?.token;
  const make = async () => {
    setMade(await makeScimToken());
    await client.invalidateQueries({ queryKey: ['scim-token'] });
  };
  const copy = async (text: string) => {
    await navigator.clipboard.writeText(text);
    tell('The token is on the clipboard');
  };
  return (
    <section className="panel sso-panel" aria-labelledby="scim-title">
      <h2 id="scim-title">Directory (SCIM 2.0)</h2>
      {error && data === undefined && <Failed what="The SCIM token" error={error} onRetry={refetch} />}
      <p className="hint">
        Your directory makes, changes and deactivates members here by itself; it signs in with this token.
      </p>
      {data && (
        <dl className="sso-facts">
          <dt>Address, for the directory</dt>
          <dd className="mono">{data.base_url}</dd>
          {token && (
            <>
              <dt>Token</dt>
              <dd>
                made <Moment at={token.created_at} />
              </dd>
              <dt>Last request</dt>
              <dd>{token.last_used_at ? <Moment at={token.last_used_at} /> : 'none yet: never used'}</dd>
              <dt>Last refusal</dt>
              <dd>
                {token.last_refused_at ? (
                  <>
                    <Moment at={token.last_refused_at} />
                    <p className="sso-refusal">{token.last_refusal}</p>
                  </>
                ) : (
                  'none'
                )}
              </dd>
            </>
          )}
        </dl>
      )}
      {made && (
        <div className="notice sso-token" role="status">
          <p>The token, shown only now:</p>
          <div className="row">
            <span className="mono sso-address">{made.token}</span>
            <button type="button" className="btn push" onClick={() => void copy(made.token)}>
              Copy token
            </button>
          </div>
        </div>
      )}
      <Problem what="Nothing was changed" problem={action.problem} />
      <div className="row">
        <button
          type="button"
          className="btn"
          aria-disabled={action.busy}
          onClick={() => (token ? setAsking('replace') : void action.run(make))}
        >
          {token ? 'Make a new token' : 'Make a token'}
        </button>
        {token && (
          <button type="button" className="btn danger" onClick={() => setAsking('remove')}>
            Remove token
          </button>
        )}
      </div>
      {asking === 'replace' && (
        <ConfirmDialog
          title="Make a new SCIM token"
          verb="Make a new token"
          act={make}
          onClose={() => setAsking(null)}
        >
          <p>
            The token before stops working at once: your directory can't change members until it has the new
            one.
          </p>
        </ConfirmDialog>
      )}
      {asking === 'remove' && (
        <ConfirmDialog
          title="Remove the SCIM token"
          verb="Remove token"
          act={async () => {
            await removeScimToken();
            setMade(null);
            await client.invalidateQueries({ queryKey: ['scim-token'] });
          }}
          onClose={() => setAsking(null)}
        >
          <p>Your directory can't change members any more. They stay as they are.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
