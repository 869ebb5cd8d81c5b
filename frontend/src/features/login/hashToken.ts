// What stands behind the # of a mailed link: no server's log and no Referer header ever has it.

/** The whole of it is one token. */
export function hashToken(): string {
  return location.hash.slice(1);
}

export function hashValue(name: string): string {
  return new URLSearchParams(location.hash.slice(1)).get(name) ?? '';
}
