// The text in the filter field, the calmer value that filters, and the URL, which follows when typing rests.
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useRef, useState } from 'react';

const REST_MS = 400;
const route = getRouteApi('/tenant/incidents');

export function useFilterText(fromUrl: string, ofView: string) {
  const navigate = route.useNavigate();
  const [text, setText] = useState(fromUrl);
  const settled = useDeferredValue(text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const written = useRef(fromUrl);

  useEffect(() => {
    // Only when somebody else changed the URL: Back, a link, another view.
    if (fromUrl !== written.current) {
      written.current = fromUrl;
      setText(fromUrl);
    }
  }, [fromUrl]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const commit = (value: string) => {
    clearTimeout(timer.current);
    setText(value);
    const meant = value.trim();
    if (meant === written.current) {
      return;
    }
    written.current = meant;
    void navigate({ search: (known) => ({ ...known, q: meant === ofView ? undefined : meant }) });
  };
  const change = (value: string) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => commit(value), REST_MS);
  };
  return { text, settled, change, commit };
}
