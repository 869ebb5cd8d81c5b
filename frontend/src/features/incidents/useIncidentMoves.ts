// Carries out one move on one incident, and says it plainly when somebody else was faster.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { asApiError } from '../../api/errors';
import type { Incident } from '../../api/types';
import { applyIncident } from '../../app/liveCache';
import { withLocalTimes } from '../../ui/age';

/** `lost`: the move came too late; the page now shows how things stand. */
export type MoveProblem = { lost: boolean; message: string };

const LOST_STATUSES = new Set([409, 412]);

export function useIncidentMoves(incident: Incident) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<MoveProblem | null>(null);

  const run = useCallback(
    async (act: () => Promise<Incident | undefined>): Promise<boolean> => {
      setBusy(true);
      setProblem(null);
      try {
        const changed = await act();
        if (changed) {
          applyIncident(client, changed);
        }
        return true;
      } catch (error) {
        const facts = asApiError(error);
        const lost = LOST_STATUSES.has(facts.status) || facts.code === 'INVALID_TRANSITION';
        setProblem({ lost, message: withLocalTimes(facts.message) });
        if (lost) {
          client.invalidateQueries({ queryKey: ['incident'] });
        }
        return false;
      } finally {
        setBusy(false);
        client.invalidateQueries({ queryKey: ['timeline'] });
        client.invalidateQueries({ queryKey: ['overview'] });
      }
    },
    [client],
  );

  const dismiss = useCallback(() => setProblem(null), []);
  return { incident, busy, problem, run, dismiss };
}
