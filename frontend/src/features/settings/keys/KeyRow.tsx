import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiKey } from '../../../api/types';
import { useMay } from '../../../app/permissions';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { useNow } from '../../../ui/now';
import { Tag } from '../../../ui/Tag';
import { Day, Moment } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { keyState, UNUSED_DAYS } from './keyState';
import { revokeKey, scopeWords } from './keysApi';

const TONES = { active: 'ok', unused: 'warn', expired: 'off', revoked: 'off' } as const;

export function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const state = keyState(apiKey, useNow(60_000));
  const works = state === 'active' || state === 'unused';
  const mayRevoke = useMay('api_keys:manage') && works;
  const revoke = async () => {
    await revokeKey(apiKey.key_id);
    await client.invalidateQueries({ queryKey: ['api-keys'] });
    tell(`${apiKey.name} stops working within 5 s`);
  };
  return (
    <li className={works ? undefined : 'key-over'}>
      <span className="key-name">
        <b dir="auto" title={apiKey.name}>
          {apiKey.name}
        </b>
        <span className="hint mono">{apiKey.prefix}</span>
      </span>
      <span className="key-scope">
        {scopeWords(apiKey.scope)}
        {apiKey.rate_limit_rps && (
          <span className="hint num">{apiKey.rate_limit_rps.toLocaleString('en')} requests a second</span>
        )}
      </span>
      <span className="key-use">
        {apiKey.last_used_at ? (
          <>
            <span>
              <span className="key-label">Last used </span>
              <Moment at={apiKey.last_used_at} />
            </span>
            <span className="hint mono">{apiKey.last_used_address}</span>
          </>
        ) : (
          'Never used'
        )}
      </span>
      <span className="key-made">
        <span>
          <span className="key-label">Made </span>
          <Day at={apiKey.created_at} />
        </span>
        <span className="hint clip" dir="auto" title={apiKey.created_by}>
          {apiKey.created_by}
        </span>
      </span>
      <span className="key-state">
        <Tag tone={TONES[state]}>{state === 'unused' ? `unused for ${UNUSED_DAYS} days` : state}</Tag>
        {works && (
          <span className="hint">
            {apiKey.expires_at ? (
              <>
                until <Day at={apiKey.expires_at} />
              </>
            ) : (
              'never ends'
            )}
          </span>
        )}
      </span>
      <span className="key-act">
        {mayRevoke && (
          <button type="button" className="btn" onClick={() => setRevoking(true)}>
            Revoke<span className="visually-hidden"> {apiKey.name}</span>
          </button>
        )}
      </span>
      {revoking && (
        <ConfirmDialog
          title={`Revoke ${apiKey.name}`}
          verb="Revoke key"
          act={revoke}
          onClose={() => setRevoking(false)}
        >
          <p>
            Whatever uses it is refused within 5 s, and it can’t be brought back.{' '}
            {apiKey.last_used_at ? (
              <>
                It was last used <Moment at={apiKey.last_used_at} />
                {apiKey.last_used_address && ` from ${apiKey.last_used_address}`}.
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
