import type { RolesRead } from '../../../api/types';
import type { Role } from './peopleApi';

export const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

/** What somebody gains and loses with another role, in words. */
export function difference(
  roles: RolesRead['roles'],
  before: Role,
  after: Role,
): { gains: string[]; loses: string[] } {
  const words = (role: Role) =>
    roles.find((known) => known.role === role)?.permissions.map((permission) => permission.words) ?? [];
  const had = new Set(words(before));
  const has = new Set(words(after));
  return {
    gains: [...has].filter((word) => !had.has(word)),
    loses: [...had].filter((word) => !has.has(word)),
  };
}

/** Addresses from a text with commas, spaces or lines between them, each once. */
export function addresses(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((part) => part !== ''))];
}
