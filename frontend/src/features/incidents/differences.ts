// Which labels tell alerts of the same name apart: three times "HttpErrorRateHigh" says little without its pods.
import type { LinkedAlert } from '../../api/types';

const MOST = 2;

/** By alert id: `pod=web-1`, at most two, keys in order. Empty for an alert whose name stands alone. */
export function differences(alerts: readonly LinkedAlert[]): Map<string, string[]> {
  const byName = new Map<string, LinkedAlert[]>();
  for (const alert of alerts) {
    const namesakes = byName.get(alert.name);
    if (namesakes) {
      namesakes.push(alert);
    } else {
      byName.set(alert.name, [alert]);
    }
  }
  const told = new Map<string, string[]>();
  for (const namesakes of byName.values()) {
    const keys = [...new Set(namesakes.flatMap((alert) => Object.keys(alert.labels)))].sort();
    const telling = keys.filter((key) => new Set(namesakes.map((alert) => alert.labels[key])).size > 1);
    for (const alert of namesakes) {
      const shown = telling.filter((key) => alert.labels[key] !== undefined).slice(0, MOST);
      told.set(
        alert.id,
        shown.map((key) => `${key}=${alert.labels[key]}`),
      );
    }
  }
  return told;
}
