import { useState } from 'react';
import type { SsoCheck } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { Tag } from '../../../ui/Tag';
import { useAction } from '../../../ui/useAction';
import { testConnection } from './ssoApi';

/** Asks the provider now, and says exactly what fails. */
export function CheckResult() {
  const [check, setCheck] = useState<SsoCheck | null>(null);
  const action = useAction();
  const test = () => void action.run(async () => setCheck(await testConnection()));
  return (
    <div>
      <button type="button" className="btn" aria-disabled={action.busy} onClick={test}>
        {action.busy ? 'Testing' : 'Test connection'}
      </button>
      <Problem what="The connection could not be tested" problem={action.problem} />
      {check && (
        <p role="status">
          <Tag tone={check.is_working ? 'ok' : 'bad'}>
            {check.is_working
              ? `It works: ${check.keys ?? 0} keys at ${check.issuer ?? 'the provider'}`
              : `${check.failed_step ?? 'It'} fails: ${check.failure ?? 'no answer'}`}
          </Tag>
        </p>
      )}
    </div>
  );
}
