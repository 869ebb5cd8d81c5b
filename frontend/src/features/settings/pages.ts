/** The pages of the settings, in the order of their navigation. */
export const SETTINGS_PAGES = [
  { to: '/settings/account', name: 'Account' },
  { to: '/settings/people', name: 'People' },
  { to: '/settings/sign-on', name: 'Single sign-on' },
  { to: '/settings/keys', name: 'API keys' },
  { to: '/settings/usage', name: 'Plan and usage' },
  { to: '/settings/billing', name: 'Billing' },
  { to: '/settings/audit', name: 'Audit log' },
  { to: '/settings/access', name: 'Provider access' },
] as const;
