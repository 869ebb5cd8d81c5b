import { useEffect, useState } from 'react';
import { isRegistrationOpen } from './signIn';

type Answer = 'asking' | 'open' | 'closed' | 'unknown';

/** Whether anybody may make an account. Unknown: the server did not say, and will when one tries. */
export function useRegistration(): Answer {
  const [answer, setAnswer] = useState<Answer>('asking');
  useEffect(() => {
    isRegistrationOpen()
      .then((isOpen) => setAnswer(isOpen ? 'open' : 'closed'))
      .catch(() => setAnswer('unknown'));
  }, []);
  return answer;
}
