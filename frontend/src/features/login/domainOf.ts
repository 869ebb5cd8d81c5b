/** The domain of an address that looks complete, else nothing. */
export function domainOf(email: string): string {
  const domain = email.trim().toLowerCase().split('@')[1] ?? '';
  return /^[^.\s]+(\.[^.\s]+)+$/.test(domain) ? domain : '';
}
