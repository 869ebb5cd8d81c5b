/** Stands where a tenant's name stands in the titles of other pages. */
export const CONTROL = 'Opsplane control plane';
