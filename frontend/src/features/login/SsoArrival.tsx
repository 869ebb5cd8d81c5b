import { useEffect, useRef, useState } from 'react';
import { asApiError, sentence } from '../../api/errors';
import type { Session } from '../../api/types';
import { hashValue } from './hashToken';
import { exchangeCode } from './signIn';

type Props = { onSession: (session: Session, next: string | null) => Promise<void> };

/** Where the provider's answer ends: the code behind the # becomes a session, once. */
export function SsoArrival({ onSession }: Props) {
  const [problem, setProblem] = useState('');
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) {
      return;
    }
    begun.current = true;
    const next = hashValue('next');
    exchangeCode(hashValue('code'))
      .then((session) => onSession(session, next))
      .catch((error) => setProblem(sentence(asApiError(error).message)));
  }, [onSession]);
  if (!problem) {
    return <p role="status">Your provider has let you in</p>;
  }
  return (
    <>
      <p className="login-notice" role="alert">
        {problem}
      </p>
      <a href="/login">Back to sign in</a>
    </>
  );
}
