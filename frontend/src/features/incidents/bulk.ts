// Runs one action over many incidents, a few at a time, and says in words how it went.
import { asApiError } from '../../api/errors';
import type { Incident } from '../../api/types';

export type BulkResult = { incident: Incident; refused: string | null };

const AT_ONCE = 6;

export async function runBulk(
  incidents: readonly Incident[],
  act: (incident: Incident) => Promise<Incident>,
  onProgress: (done: number) => void,
): Promise<BulkResult[]> {
  const results: BulkResult[] = [];
  const waiting = [...incidents];
  const work = async () => {
    for (let incident = waiting.shift(); incident; incident = waiting.shift()) {
      try {
        results.push({ incident: await act(incident), refused: null });
      } catch (error) {
        results.push({ incident, refused: asApiError(error).message });
      }
      onProgress(results.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

/** "12 done, 2 refused: already closed". */
export function bulkWords(results: readonly BulkResult[]): string {
  const reasons = new Map<string, number>();
  let done = 0;
  for (const result of results) {
    if (result.refused === null) {
      done += 1;
    } else {
      reasons.set(result.refused, (reasons.get(result.refused) ?? 0) + 1);
    }
  }
  const parts = [`${done} done`];
  for (const [reason, count] of reasons) {
    parts.push(`${count} refused: ${reason}`);
  }
  return parts.join(', ');
}
