/** What a form holds that is not saved, by name. */
export function Unsaved({ names, onDiscard }: { names: readonly string[]; onDiscard: () => void }) {
  if (names.length === 0) {
    return null;
  }
  return (
    <p className="hint" role="status">
      Not saved yet: {names.join(', ')}.{' '}
      <button type="button" className="link" onClick={onDiscard}>
        Discard
      </button>
    </p>
  );
}
