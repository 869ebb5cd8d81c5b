import { useState } from 'react';
import { sentence } from '../../../api/errors';
import type { SsoCheck } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { Tag } from '../../../ui/Tag';
import { useAction } from '../../../ui/useAction';
import { testConnection } from './ssoApi';

/** Asks the provider now, and says exactly what fails. */
export function CheckResult() {
  const [check, setCheck] = useState<SsoCheck | null>(null);
  const action = useAction();
  const test = () => void action.run(async () => setCheck(await testConnection()));
  return (
    <div className="sso-test">
      <button type="button" className="btn" aria-disabled={action.busy} onClick={test}>
        {action.busy ? 'Testing' : 'Test connection'}
      </button>
      <Problem what="The connection could not be tested" problem={action.problem} />
      {check && (
        <div role="status">
          <Tag tone={check.is_working ? 'ok' : 'bad'}>
            {check.is_working ? 'It works' : `It fails at: ${check.failed_step ?? 'the request'}`}
          </Tag>
          <p className="sso-address">
            {check.is_working
              ? `${plural(check.keys ?? 0, 'key')} at ${check.issuer}`
              : sentence(check.failure ?? 'The provider gave no answer')}
          </p>
          {check.is_working && check.has_pkce === false && (
            <p className="hint">
              The provider does not say that it supports PKCE (S256), which is asked for.
            </p>
          )}
        </div>
      )}
    </div>
  );
}
