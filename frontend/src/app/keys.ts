// Keyboard shortcuts. Single keys never fire in a text field or over a dialog, and can be switched off (WCAG 2.1.4).
import { useEffect, useRef } from 'react';
import { createStore, useStore } from './store';

/** Key names as `j`, `Shift+x`, `?`, `Enter`, `Space`, `ArrowDown`. Return false to say "not mine after all". */
export type KeyMap = Record<string, (event: KeyboardEvent) => unknown>;

const OFF_KEY = 'opsplane.singleKeys';
const SEQUENCE_MS = 900;
const singleKeys = createStore(localStorage.getItem(OFF_KEY) !== 'off');
const layers: { current: KeyMap }[] = [];
let goPressedAt = 0;

export function useSingleKeys(): boolean {
  return useStore(singleKeys);
}

export function setSingleKeys(on: boolean): void {
  localStorage.setItem(OFF_KEY, on ? 'on' : 'off');
  singleKeys.set(on);
}

export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  if (target instanceof HTMLInputElement) {
    return !['checkbox', 'radio', 'button'].includes(target.type);
  }
  return target.isContentEditable || target.matches('textarea, select');
}

export function keyName(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key;
  if (/^[a-z]$/i.test(key)) {
    return event.shiftKey ? `Shift+${key.toLowerCase()}` : key.toLowerCase();
  }
  return key;
}

function isOperable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('button, a[href], summary, input, [role=menuitem]');
}

function isIgnored(event: KeyboardEvent, name: string): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return true;
  }
  if (document.querySelector('dialog[open]')) {
    return true;
  }
  if (isTextField(event.target)) {
    return true;
  }
  if ((name === 'Enter' || name === 'Space') && isOperable(event.target)) {
    return true;
  }
  const isSingle = event.key.length === 1 && name !== 'Space';
  return isSingle && !singleKeys.get();
}

function onKeyDown(event: KeyboardEvent): void {
  const name = keyName(event);
  if (isIgnored(event, name)) {
    return;
  }
  const isSecond = Date.now() - goPressedAt < SEQUENCE_MS;
  goPressedAt = name === 'g' && !isSecond ? Date.now() : 0;
  if (goPressedAt) {
    return;
  }
  const wanted = isSecond ? `g ${name}` : name;
  for (const layer of layers.toReversed()) {
    const act = layer.current[wanted];
    if (act && act(event) !== false) {
      event.preventDefault();
      return;
    }
  }
}

/** These keys work while the component is on the page; what was mounted later is asked first. */
export function useKeys(map: KeyMap): void {
  const layer = useRef(map);
  useEffect(() => {
    layer.current = map;
  });
  useEffect(() => {
    const own = layer;
    if (layers.length === 0) {
      document.addEventListener('keydown', onKeyDown);
    }
    layers.push(own);
    return () => {
      layers.splice(layers.indexOf(own), 1);
      if (layers.length === 0) {
        document.removeEventListener('keydown', onKeyDown);
      }
    };
  }, []);
}
