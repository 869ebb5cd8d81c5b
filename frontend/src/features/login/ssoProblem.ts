const WORDS: Record<string, string> = {
  sso_unknown: 'There is no single sign-on with this address. Sign in with your password, or ask your admin.',
  sso_expired: 'That took too long, or it began in another browser. Try again.',
  sso_denied: 'Your provider did not let you in.',
  sso_provider: 'Your provider does not answer as it should. Try again; your admin can test the connection.',
  sso_email: 'Your provider does not vouch for your email address, or it belongs to another domain.',
  sso_no_access: 'You are no member of this tenant. Ask its admin to invite you.',
  sso_no_role: 'None of your groups has access here. Ask your admin.',
  sso_linked: 'This address is linked to another person at your provider. Ask your admin.',
  sso_quota: 'The plan has no room for another person. Ask your admin.',
};

/** Words for the codes that the server sends the browser back with. */
export function ssoProblem(code: string): string {
  return WORDS[code] ?? 'Single sign-on did not work. Try again.';
}
