import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ScimTokenMade } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { Problem } from '../../../ui/Problem';
import { Failed } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { useAction } from '../../../ui/useAction';
import { fetchScimToken, makeScimToken, removeScimToken } from './ssoApi';

/** A directory that makes and deactivates members by itself. */
export function ScimPanel() {
  const [made, setMade] = useState<ScimTokenMade | null>(null);
  const [removing, setRemoving] = useState(false);
  const action = useAction();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({
    queryKey: ['scim-token'],
    queryFn: ({ signal }) => fetchScimToken(signal),
  });
  const make = () =>
    void action.run(async () => {
      setMade(await makeScimToken());
      await client.invalidateQueries({ queryKey: ['scim-token'] });
    });
  return (
    <section className="panel sso-panel" aria-labelledby="scim-title">
      <h2 id="scim-title">Directory (SCIM 2.0)</h2>
      {error && <Failed what="The SCIM token" error={error} onRetry={refetch} />}
      {data && (
        <p>
          Address: <span className="mono sso-address">{data.base_url}</span>
          <span className="hint">
            {' '}
            token made <Moment at={data.created_at} />,{' '}
            {data.last_used_at ? (
              <>
                last used <Moment at={data.last_used_at} />
              </>
            ) : (
              'never used'
            )}
          </span>
        </p>
      )}
      {made && (
        <p className="notice" role="status">
          The token, shown only now: <span className="mono sso-address">{made.token}</span>
        </p>
      )}
      <Problem what="Nothing was changed" problem={action.problem} />
      <div className="row">
        <button type="button" className="btn" aria-disabled={action.busy} onClick={make}>
          {data ? 'Make a new token' : 'Make a token'}
        </button>
        {data && (
          <button type="button" className="btn danger" onClick={() => setRemoving(true)}>
            Remove token
          </button>
        )}
      </div>
      {removing && (
        <ConfirmDialog
          title="Remove the SCIM token"
          verb="Remove token"
          act={async () => {
            await removeScimToken();
            setMade(null);
            await client.invalidateQueries({ queryKey: ['scim-token'] });
          }}
          onClose={() => setRemoving(false)}
        >
          <p>Your directory can't change members any more. They stay as they are.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
