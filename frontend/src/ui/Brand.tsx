export function BrandMark({ size = 18 }: { size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="4" fill="var(--accent)" />
      <path d="M3 9h3l1.5-4 2 7L11 9h2" stroke="var(--accent-fg)" strokeWidth="1.5" fill="none" />
    </svg>
  );
}
