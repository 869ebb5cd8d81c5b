import { useState } from 'react';
import type { SsoConnection } from '../../../api/types';
import { changes, type Draft, draftOf } from './draft';

type Kept = { version: number; draft: Draft };

/** By tenant, until the page is reloaded; a secret that was typed is not kept. */
const kept = new Map<string, Kept>();

/** The form's content: what was typed before one went to another page is still there, unless somebody saved since. */
export function useDraft(tenantId: string, connection: SsoConnection | null) {
  const saved = draftOf(connection);
  const version = connection?.version ?? 0;
  const [draft, setDraft] = useState<Draft>(() => {
    const found = kept.get(tenantId);
    return found?.version === version ? found.draft : saved;
  });
  const change = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    kept.set(tenantId, { version, draft: { ...next, client_secret: '' } });
  };
  const discard = () => {
    kept.delete(tenantId);
    setDraft(saved);
  };
  return { draft, change, discard, unsaved: changes(draft, saved) };
}
