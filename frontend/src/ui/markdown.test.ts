import { describe, expect, it } from 'vitest';
import { parseInline, parseMarkdown, safeHref } from './markdown';

describe('links', () => {
  it.each(['https://a.example/x', 'http://a.example', 'mailto:a@b.c', '/incidents/INC-00000001'])(
    'may go to %s',
    (href) => {
      expect(safeHref(href)).toBe(href);
    },
  );

  it.each([
    'javascript:alert(1)',
    ' JavaScript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    '/\\evil.example',
    'x',
  ])('may not go to %s', (href) => {
    expect(safeHref(href)).toBeNull();
  });

  it('leaves a forbidden link as the text that was typed', () => {
    expect(parseInline('[x](javascript:alert(1))').map((part) => part.kind)).not.toContain('link');
  });

  it('finds bare addresses without the full stop after them', () => {
    expect(parseInline('see https://a.example/b.')).toMatchObject([
      { kind: 'text', text: 'see ' },
      { kind: 'link', href: 'https://a.example/b' },
      { kind: 'text', text: '.' },
    ]);
  });
});

describe('blocks', () => {
  it('keeps tags as text', () => {
    expect(parseMarkdown('<script>alert(1)</script>')).toEqual([
      { kind: 'paragraph', lines: [[{ kind: 'text', text: '<script>alert(1)</script>' }]] },
    ]);
  });

  it('knows paragraphs, lists, quotes and fenced code', () => {
    const kinds = parseMarkdown('a\nb\n\n- one\n- two\n1. x\n> said\n```\n**raw**\n\n```\nend').map(
      (block) => block.kind,
    );
    expect(kinds).toEqual(['paragraph', 'list', 'list', 'quote', 'code', 'paragraph']);
  });

  it('takes an unclosed fence to the end', () => {
    expect(parseMarkdown('```\nx')).toEqual([{ kind: 'code', text: 'x' }]);
  });

  it('does not take snake_case for emphasis', () => {
    expect(parseInline('a_b_c and **bold** `x`').map((part) => part.kind)).toEqual([
      'text',
      'strong',
      'text',
      'code',
    ]);
  });
});
