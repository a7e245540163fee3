// A few choices of which one holds: arrow keys move within them, and Tab passes them in one step, as ARIA's patterns for radio groups and tabs ask.
import type { VNode } from 'preact';

export interface ChoicesProps<T extends string> {
  readonly role: 'radiogroup' | 'tablist';
  readonly label: string;
  readonly choices: readonly { readonly value: T; readonly title: string }[];
  readonly chosen: T;
  readonly class: string;
  readonly choiceClass: string;
  /** Ids of the choices, so that what a tab shows can name it. */
  readonly idOf?: (value: T) => string;
  /** Id of what the tabs show. */
  readonly controls?: string;
  readonly onChoose: (value: T) => void;
}

/** Steps of the keys that move; a row is read in one direction, so that up and left are the same. */
const steps: ReadonlyMap<string, number> = new Map([['ArrowRight', 1], ['ArrowDown', 1], ['ArrowLeft', -1], ['ArrowUp', -1]]);

/** Which choice a key leads to; undefined for keys that move nothing. */
export function choiceByKey(key: string, chosen: number, count: number): number | undefined {
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const step = steps.get(key);
  return step === undefined ? undefined : (chosen + step + count) % count;
}

export function Choices<T extends string>({ role, label, choices, chosen, class: className, choiceClass, idOf, controls, onChoose }: ChoicesProps<T>): VNode {
  const isTabs = role === 'tablist';
  const index = choices.findIndex(({ value }) => value === chosen);
  const move = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
    const next = choiceByKey(event.key, index, choices.length);
    const choice = next === undefined ? undefined : choices[next];
    if (next === undefined || choice === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    onChoose(choice.value);
    (event.currentTarget.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class={className} role={role} aria-label={label} onKeyDown={move}>
      {choices.map(({ value, title }) => (
        <button
          key={value} type="button" role={isTabs ? 'tab' : 'radio'} class={choiceClass} tabIndex={value === chosen ? 0 : -1} onClick={() => onChoose(value)}
          {...(isTabs ? { 'aria-selected': value === chosen } : { 'aria-checked': value === chosen })}
          {...(idOf === undefined ? {} : { id: idOf(value) })}
          {...(controls === undefined ? {} : { 'aria-controls': controls })}
        >{title}</button>
      ))}
    </div>
  );
}
