/** What an import left out, a sentence each. */
export function Notices({ notices }: { notices: string[] }) {
  return (
    <ul className="notices" aria-label="What does not count here">
      {notices.map((notice) => (
        <li key={notice}>{notice}</li>
      ))}
    </ul>
  );
}
