import { useState } from 'react';
import type { FoundConnections } from '../../api/types';
import { findConnections } from './signIn';

type Found = FoundConnections['connections'];

const NONE: Found = [];

/** The single sign-on of an address's domain: asked for once the address is complete. */
export function useConnections(enabled: boolean): {
  connections: Found;
  look: (email: string) => Promise<void>;
} {
  const [found, setFound] = useState<{ domain: string; connections: Found }>({
    domain: '',
    connections: NONE,
  });
  const look = async (email: string) => {
    const domain = email.trim().toLowerCase().split('@')[1] ?? '';
    if (!enabled || domain === found.domain) {
      return;
    }
    if (!domain.includes('.')) {
      setFound({ domain: '', connections: NONE });
      return;
    }
    // Without an answer the password field stays, which is never wrong.
    const connections = await findConnections(email.trim()).catch(() => NONE);
    setFound({ domain, connections });
  };
  return { connections: found.connections, look };
}
