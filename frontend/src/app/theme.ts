// Dark or light: the system decides until the person does. public/theme.js applies the same before the first paint.
import { createStore, useStore } from './store';

export type Theme = 'dark' | 'light';

const KEY = 'opsplane.theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const theme = createStore<Theme>(document.documentElement.dataset.theme === 'light' ? 'light' : 'dark');

function apply(next: Theme): void {
  document.documentElement.dataset.theme = next;
  theme.set(next);
}

systemDark.addEventListener('change', (event) => {
  if (localStorage.getItem(KEY) === null) {
    apply(event.matches ? 'dark' : 'light');
  }
});

export function toggleTheme(): void {
  const next = theme.get() === 'dark' ? 'light' : 'dark';
  localStorage.setItem(KEY, next);
  apply(next);
}

export function useTheme(): Theme {
  return useStore(theme);
}
