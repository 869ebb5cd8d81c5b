import type { OperationStep, TenantOperation } from '../../../api/types';
import { preciseDuration } from '../../../ui/age';

const KINDS: Record<string, string> = {
  create: 'Creation',
  change_plan: 'Change of plan',
  rename: 'Change of name',
  suspend: 'Suspension',
  resume: 'Resumption',
  delete: 'Deletion',
  restore: 'Restoration',
  purge: 'Removal',
  move: 'Move',
  export: 'Export',
  import: 'Import',
};

export function operationWords(kind: TenantOperation['kind']): string {
  return KINDS[kind] ?? kind.replaceAll('_', ' ');
}

export function stepWords(step: OperationStep['name']): string {
  return step.replaceAll('_', ' ');
}

export function milliseconds(value: number): string {
  return value < 1_000 ? `${value} ms` : preciseDuration(value / 1_000);
}
