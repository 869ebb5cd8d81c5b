import { Fragment, useMemo } from 'react';
import { type Block, type Inline, parseMarkdown } from './markdown';

/** A note as its writer meant it. The tree becomes React elements; no HTML string is ever made. */
export function Markdown({ source }: { source: string }) {
  const blocks = useMemo(() => parseMarkdown(source), [source]);
  return (
    <div className="markdown" dir="auto">
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the tree is rebuilt as a whole
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case 'list': {
      const items = block.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the tree is rebuilt as a whole
        <li key={index}>
          <InlineView parts={item} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'quote':
      return (
        <blockquote>
          <Lines lines={block.lines} />
        </blockquote>
      );
    case 'paragraph':
      return (
        <p>
          <Lines lines={block.lines} />
        </p>
      );
  }
}

function Lines({ lines }: { lines: readonly Inline[][] }) {
  return lines.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tree is rebuilt as a whole
    <Fragment key={index}>
      {index > 0 && <br />}
      <InlineView parts={line} />
    </Fragment>
  ));
}

function InlineView({ parts }: { parts: readonly Inline[] }) {
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tree is rebuilt as a whole
    <InlinePart key={index} part={part} />
  ));
}

function InlinePart({ part }: { part: Inline }) {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'code':
      return <code>{part.text}</code>;
    case 'strong':
      return (
        <strong>
          <InlineView parts={part.children} />
        </strong>
      );
    case 'em':
      return (
        <em>
          <InlineView parts={part.children} />
        </em>
      );
    case 'link':
      return (
        <a
          href={part.href}
          rel="noopener noreferrer nofollow"
          target={part.href.startsWith('/') ? undefined : '_blank'}
        >
          <InlineView parts={part.children} />
        </a>
      );
  }
}
