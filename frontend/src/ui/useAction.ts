import { useRef, useState } from 'react';
import { type ApiError, asApiError } from '../api/errors';

export type Action = {
  busy: boolean;
  problem: ApiError | null;
  /** Whether it was carried out. A second call while one is under way does nothing. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
};

/** One thing a person asks for: it is done once, however often they click, and its failure is kept to be shown. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const running = useRef(false);
  const run = async (work: () => Promise<unknown>) => {
    if (running.current) {
      return false;
    }
    running.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      setProblem(asApiError(error));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, problem, run, clear: () => setProblem(null) };
}
