export function ListFooter({ cursorIndex, count }: { cursorIndex: number; count: number }) {
  return (
    <footer className="foot">
      <span>
        <kbd>J</kbd> <kbd>K</kbd> move
      </span>
      <span>
        <kbd>Enter</kbd> open
      </span>
      <span>
        <kbd>Space</kbd> peek
      </span>
      <span>
        <kbd>X</kbd> select
      </span>
      <span>
        <kbd>/</kbd> filter
      </span>
      <span>
        <kbd>?</kbd> all shortcuts
      </span>
      <span className="push num">
        Row {(cursorIndex + 1).toLocaleString('en')} of {count.toLocaleString('en')}
      </span>
    </footer>
  );
}
