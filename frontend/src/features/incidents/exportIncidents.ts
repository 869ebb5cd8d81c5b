import type { Incident } from '../../api/types';

export type ExportFormat = 'csv' | 'json';

const COLUMNS: readonly (keyof Incident)[] = [
  'reference',
  'title',
  'priority',
  'severity',
  'status',
  'service',
  'environment',
  'source',
  'assignee',
  'alert_count',
  'firing_count',
  'created_at',
  'acknowledged_at',
  'resolved_at',
  'resolution_notes',
];

/** Quoted for CSV; a cell that a spreadsheet would run as a formula gets an apostrophe in front. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const harmless = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export function toCsv(incidents: readonly Incident[]): string {
  const lines = [COLUMNS.join(',')];
  for (const incident of incidents) {
    lines.push(COLUMNS.map((column) => csvCell(incident[column])).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** The filter is in the name: `incidents sev-1,2 -status-resolved.csv`. */
export function exportName(filter: string, format: ExportFormat): string {
  const readable = filter
    .replaceAll(':', '-')
    .replace(/[^\w,@. -]+/g, '')
    .trim()
    .slice(0, 80);
  return `incidents ${readable || 'all'}.${format}`;
}

export function downloadIncidents(
  incidents: readonly Incident[],
  filter: string,
  format: ExportFormat,
): void {
  const text = format === 'csv' ? toCsv(incidents) : JSON.stringify(incidents, null, 2);
  const type = format === 'csv' ? 'text/csv;charset=utf-8' : 'application/json';
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = exportName(filter, format);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
