import './filter.css';
import { IconSearch } from '@tabler/icons-react';
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { type FilterSpec, type Problem, parse, problemsIn } from './language';
import { type Offer, suggest } from './suggest';

type Props<Row> = {
  label: string;
  placeholder: string;
  value: string;
  spec: FilterSpec<Row>;
  valuesOf: (key: string) => readonly string[];
  onChange: (value: string) => void;
  /** Enter or leaving the field: the value is meant. */
  onCommit: (value: string) => void;
  inputRef: RefObject<HTMLInputElement | null>;
  children?: ReactNode;
};

const NO_OFFER: Offer = { start: 0, end: 0, suggestions: [] };

export function FilterInput<Row>(props: Props<Row>) {
  const { value, spec, valuesOf, onChange, onCommit, inputRef } = props;
  const [offer, setOffer] = useState<Offer>(NO_OFFER);
  const [active, setActive] = useState(-1);
  const mirror = useRef<HTMLDivElement>(null);
  const caretToSet = useRef<number | null>(null);
  const id = useId();
  const problems = useMemo(() => problemsIn(parse(value), spec), [value, spec]);
  const open = offer.suggestions.length > 0;

  const offerAt = (input: HTMLInputElement) => {
    setOffer(suggest(input.value, input.selectionStart ?? input.value.length, spec, valuesOf));
    setActive(-1);
  };
  const close = () => {
    setOffer(NO_OFFER);
    setActive(-1);
  };
  const accept = (index: number) => {
    const chosen = offer.suggestions[index];
    const input = inputRef.current;
    if (!chosen || !input) {
      return;
    }
    const next = value.slice(0, offer.start) + chosen.insert + value.slice(offer.end).trimStart();
    const caret = offer.start + chosen.insert.length;
    caretToSet.current = caret;
    onChange(next);
  };
  // Before the next keystroke can arrive: the caret belongs behind what was accepted.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new value moves the caret
  useLayoutEffect(() => {
    const input = inputRef.current;
    const caret = caretToSet.current;
    if (input && caret !== null) {
      caretToSet.current = null;
      input.setSelectionRange(caret, caret);
      offerAt(input);
    }
  }, [value]);

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const count = offer.suggestions.length;
    if (open && event.key === 'ArrowDown') {
      setActive((active + 1) % count);
    } else if (open && event.key === 'ArrowUp') {
      setActive(active <= 0 ? count - 1 : active - 1);
    } else if (open && active >= 0 && (event.key === 'Enter' || event.key === 'Tab')) {
      accept(active);
    } else if (event.key === 'Enter') {
      close();
      onCommit(value);
    } else if (event.key === 'Escape') {
      if (open) {
        close();
      } else {
        inputRef.current?.blur();
      }
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="filter">
      <div className="filter-box">
        <IconSearch className="icon" size={14} stroke={1.6} aria-hidden />
        <div className="filter-text">
          <Mirror box={mirror} text={value} problems={problems} />
          <input
            ref={inputRef}
            role="combobox"
            aria-label={props.label}
            aria-expanded={open}
            aria-controls={open ? `${id}-list` : undefined}
            aria-autocomplete="list"
            aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
            aria-describedby={problems.length ? `${id}-problems` : undefined}
            aria-invalid={problems.length > 0}
            spellCheck={false}
            autoComplete="off"
            value={value}
            placeholder={props.placeholder}
            onChange={(event) => {
              onChange(event.target.value);
              offerAt(event.target);
            }}
            onClick={(event) => offerAt(event.currentTarget)}
            onScroll={(event) => mirror.current?.scrollTo({ left: event.currentTarget.scrollLeft })}
            onKeyDown={onKeyDown}
            onBlur={() => {
              close();
              onCommit(value);
            }}
          />
        </div>
        {value && (
          <button
            type="button"
            className="filter-clear"
            aria-label="Clear filter"
            onClick={() => {
              onChange('');
              onCommit('');
              inputRef.current?.focus();
            }}
          >
            ✕
          </button>
        )}
        <kbd>/</kbd>
      </div>
      {props.children}
      {open && (
        <div className="filter-offer" role="listbox" id={`${id}-list`} aria-label="Suggestions">
          {offer.suggestions.map((suggestion, index) => (
            <div
              key={suggestion.insert}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === active}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => accept(index)}
            >
              <span className="mono">{suggestion.label}</span>
              {suggestion.help && <span className="hint">{suggestion.help}</span>}
            </div>
          ))}
        </div>
      )}
      {problems.length > 0 && (
        <p className="filter-problems" id={`${id}-problems`} role="status">
          {problems.map((problem) => problem.message).join(' ')}
        </p>
      )}
    </div>
  );
}

/** The same text behind the field, transparent, so that what is not understood can be underlined. */
function Mirror(props: {
  box: RefObject<HTMLDivElement | null>;
  text: string;
  problems: readonly Problem[];
}) {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const problem of props.problems) {
    parts.push(props.text.slice(at, problem.start));
    parts.push(<u key={problem.start}>{props.text.slice(problem.start, problem.end)}</u>);
    at = problem.end;
  }
  parts.push(props.text.slice(at));
  return (
    <div className="filter-mirror" ref={props.box} aria-hidden="true">
      {parts}
    </div>
  );
}
