import type { Person, SsoConnection, SsoConnectionPut } from '../../../api/types';

type Role = Person['role'];

/** The form as it is typed; `mapping` has a line for each group: `sre = operator`. */
export type Draft = {
  issuer: string;
  client_id: string;
  client_secret: string;
  display_name: string;
  domains: string;
  group_claim: string;
  mapping: string;
  default_role: '' | Role;
  create_users: boolean;
  is_email_trusted: boolean;
  is_enforced: boolean;
  break_glass_user_ids: string[];
};

export function draftOf(connection: SsoConnection | null): Draft {
  return {
    issuer: connection?.issuer ?? '',
    client_id: connection?.client_id ?? '',
    client_secret: '',
    display_name: connection?.display_name ?? '',
    domains: connection?.email_domains.join(', ') ?? '',
    group_claim: connection?.group_claim ?? 'groups',
    mapping: Object.entries(connection?.role_mapping ?? {})
      .map(([group, role]) => `${group} = ${role}`)
      .join('\n'),
    default_role: connection?.default_role ?? '',
    create_users: connection?.create_users ?? false,
    is_email_trusted: connection?.is_email_trusted ?? false,
    is_enforced: connection?.is_enforced ?? false,
    break_glass_user_ids: connection?.break_glass_user_ids ?? [],
  };
}

/** As they stand on the form. */
export const NAMES: Record<keyof Draft, string> = {
  display_name: 'name',
  issuer: 'issuer',
  client_id: 'client id',
  domains: 'email domains',
  client_secret: 'client secret',
  group_claim: 'claim with the groups',
  default_role: 'role without a group',
  mapping: 'groups and roles',
  create_users: 'make accounts',
  is_email_trusted: 'trust the address',
  is_enforced: 'no passwords',
  break_glass_user_ids: 'who keeps a password',
};

/** The lines that are no `group = role`. */
export function wrongLines(mapping: string): string[] {
  return lines(mapping).filter((line) => !/^.+=\s*(viewer|operator|admin)$/.test(line));
}

/** An empty secret leaves the stored one as it is. */
export function wantedOf(draft: Draft): SsoConnectionPut {
  const role_mapping: Record<string, Role> = {};
  for (const line of lines(draft.mapping)) {
    const at = line.lastIndexOf('=');
    role_mapping[line.slice(0, at).trim()] = line.slice(at + 1).trim() as Role;
  }
  return {
    issuer: draft.issuer.trim(),
    client_id: draft.client_id.trim(),
    ...(draft.client_secret === '' ? {} : { client_secret: draft.client_secret }),
    display_name: draft.display_name.trim(),
    email_domains: draft.domains.split(/[\s,]+/).filter((domain) => domain !== ''),
    group_claim: draft.group_claim.trim(),
    role_mapping,
    default_role: draft.default_role === '' ? null : draft.default_role,
    create_users: draft.create_users,
    is_email_trusted: draft.is_email_trusted,
    is_enforced: draft.is_enforced,
    break_glass_user_ids: draft.break_glass_user_ids,
  };
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
