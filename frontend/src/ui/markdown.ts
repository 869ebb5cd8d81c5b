// A small, safe part of Markdown as a tree: paragraphs, lists, code, bold, italic, links. There is no HTML in it: tags
// are text, and a link goes only to http, https, mailto or a path of our own. Pure.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; children: Inline[] }
  | { kind: 'em'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] };

export type Block =
  | { kind: 'paragraph'; lines: Inline[][] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'quote'; lines: Inline[][] }
  | { kind: 'code'; text: string };

const INLINE =
  /`([^`\n]+)`|\*\*(.+?)\*\*|(?<![\w*])\*([^*\n]+)\*(?!\w)|(?<!\w)_([^_\n]+)_(?!\w)|\[([^\]\n]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;
const BULLET = /^\s*[-*]\s+/;
const NUMBER = /^\s*\d{1,3}[.)]\s+/;
const FENCE = /^\s*```/;
const QUOTE = /^>\s?/;
const DEEPEST = 4;

/** The address, if it is one that may be followed. */
export function safeHref(href: string): string | null {
  if (href.startsWith('/') && !href.startsWith('//') && !href.includes('\\')) {
    return href;
  }
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? href : null;
  } catch {
    return null;
  }
}

export function parseInline(text: string, depth = 0): Inline[] {
  const found = depth < DEEPEST ? INLINE.exec(text) : null;
  if (!found) {
    return text ? [{ kind: 'text', text }] : [];
  }
  const before: Inline[] = found.index > 0 ? [{ kind: 'text', text: text.slice(0, found.index) }] : [];
  const rest = parseInline(text.slice(found.index + found[0].length), depth);
  return [...before, inlineOf(found, depth + 1), ...rest];
}

function inlineOf(found: RegExpExecArray, depth: number): Inline {
  const [whole, code, strong, star, underscore, label, target, bare] = found;
  if (code !== undefined) {
    return { kind: 'code', text: code };
  }
  if (strong !== undefined) {
    return { kind: 'strong', children: parseInline(strong, depth) };
  }
  const em = star ?? underscore;
  if (em !== undefined) {
    return { kind: 'em', children: parseInline(em, depth) };
  }
  const href = safeHref(target ?? bare ?? '');
  if (href === null) {
    return { kind: 'text', text: whole };
  }
  const children: Inline[] =
    label === undefined ? [{ kind: 'text', text: whole }] : parseInline(label, depth);
  return { kind: 'link', href, children };
}

function kindOf(line: string): 'bullet' | 'number' | 'quote' | 'plain' {
  if (BULLET.test(line)) {
    return 'bullet';
  }
  if (NUMBER.test(line)) {
    return 'number';
  }
  return QUOTE.test(line) ? 'quote' : 'plain';
}

function blockOf(kind: ReturnType<typeof kindOf>, lines: readonly string[]): Block {
  switch (kind) {
    case 'bullet':
      return {
        kind: 'list',
        ordered: false,
        items: lines.map((line) => parseInline(line.replace(BULLET, ''))),
      };
    case 'number':
      return {
        kind: 'list',
        ordered: true,
        items: lines.map((line) => parseInline(line.replace(NUMBER, ''))),
      };
    case 'quote':
      return { kind: 'quote', lines: lines.map((line) => parseInline(line.replace(QUOTE, ''))) };
    case 'plain':
      return { kind: 'paragraph', lines: lines.map((line) => parseInline(line.replace(/^#{1,6}\s+/, ''))) };
  }
}

export function parseMarkdown(source: string): Block[] {
  const blocks: Block[] = [];
  const lines = source.replaceAll('\r\n', '\n').split('\n');
  let run: string[] = [];
  let runKind: ReturnType<typeof kindOf> = 'plain';
  const endRun = () => {
    if (run.length > 0) {
      blocks.push(blockOf(runKind, run));
    }
    run = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (FENCE.test(line)) {
      endRun();
      const close = lines.findIndex((later, index) => index > at && FENCE.test(later));
      const end = close < 0 ? lines.length : close;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, end).join('\n') });
      at = end;
    } else if (line.trim() === '') {
      endRun();
    } else {
      const kind = kindOf(line);
      if (kind !== runKind) {
        endRun();
      }
      runKind = kind;
      run.push(line);
    }
  }
  endRun();
  return blocks;
}
