import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiKey } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { useNow } from '../../../ui/now';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { keyState, UNUSED_DAYS } from './keyState';
import { revokeKey, SCOPES } from './keysApi';

const TONES = { active: 'ok', unused: 'warn', expired: 'off', revoked: 'off' } as const;

export function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const state = keyState(apiKey, useNow(60_000));
  const works = state === 'active' || state === 'unused';
  const revoke = async () => {
    await revokeKey(apiKey.key_id);
    await client.invalidateQueries({ queryKey: ['api-keys'] });
    tell(`${apiKey.name} stops working within 5 s`);
  };
  return (
    <li>
      <span className="key-name">
        <b dir="auto">{apiKey.name}</b>
        <span className="hint mono">{apiKey.prefix}</span>
      </span>
      <Tag tone={TONES[state]}>{state === 'unused' ? `unused for ${UNUSED_DAYS} days` : state}</Tag>
      <span className="key-use hint">
        {SCOPES.find((known) => known.scope === apiKey.scope)?.name}, by {apiKey.created_by},{' '}
        {apiKey.last_used_at ? (
          <>
            last used <Moment at={apiKey.last_used_at} />
            {apiKey.last_used_address && ` from ${apiKey.last_used_address}`}
          </>
        ) : (
          'never used'
        )}
        {apiKey.rate_limit_rps && `, ${apiKey.rate_limit_rps} requests a second`}
        {apiKey.expires_at && (
          <>
            , until <Moment at={apiKey.expires_at} />
          </>
        )}
      </span>
      {works && (
        <button type="button" className="btn" onClick={() => setRevoking(true)}>
          Revoke {apiKey.name}
        </button>
      )}
      {revoking && (
        <ConfirmDialog
          title={`Revoke ${apiKey.name}`}
          verb={`Revoke ${apiKey.name}`}
          act={revoke}
          onClose={() => setRevoking(false)}
        >
          <p>
            Whatever uses it is refused within 5 s.{' '}
            {apiKey.last_used_at ? (
              <>
                It was last used <Moment at={apiKey.last_used_at} />.
              </>
            ) : (
              'It was never used.'
            )}
          </p>
        </ConfirmDialog>
      )}
    </li>
  );
}
