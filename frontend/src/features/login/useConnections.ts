import { useEffect, useState } from 'react';
import type { FoundConnections } from '../../api/types';
import { domainOf } from './domainOf';
import { findConnections } from './signIn';

type Found = FoundConnections['connections'];

const NONE: Found = [];
const TYPING_MS = 300;

/** The single sign-on of an address's domain: asked for once the address is complete, typed or filled in. */
export function useConnections(email: string, enabled: boolean): Found {
  const [found, setFound] = useState<{ domain: string; connections: Found }>({
    domain: '',
    connections: NONE,
  });
  const domain = enabled ? domainOf(email) : '';
  useEffect(() => {
    if (domain === '') {
      return;
    }
    let stopped = false;
    const timer = setTimeout(async () => {
      // Without an answer the password field stays, which is never wrong.
      const connections = await findConnections(`somebody@${domain}`).catch(() => NONE);
      if (!stopped) {
        setFound({ domain, connections });
      }
    }, TYPING_MS);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [domain]);
  return domain !== '' && found.domain === domain ? found.connections : NONE;
}
