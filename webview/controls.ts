// The controls of both pages. The toolkit is imported here and nowhere else, so another one could take its place.
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeDropdown, vsCodeOption, vsCodeTextField } from '@vscode/webview-ui-toolkit';
import { h, type ComponentChildren, type RefObject, type VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Defines the custom elements; called once per page, before the first render. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeTextField(), vsCodeDropdown(), vsCodeOption());
}

/** Preact types the attributes of HTML's own elements; these elements bring their own. */
const element = (tag: string, attributes: Readonly<Record<string, unknown>>, children?: ComponentChildren): VNode => h(tag, attributes, children);

export interface ButtonProps {
  readonly kind?: 'primary' | 'secondary' | 'icon';
  readonly disabled?: boolean;
  readonly title?: string;
  readonly label?: string;
  readonly class?: string;
  readonly onClick: () => void;
  readonly children?: ComponentChildren;
}

export function Button({ kind = 'secondary', disabled = false, title, label, onClick, children, class: className }: ButtonProps): VNode {
  // The element calls every button of this kind "Icon Button" that has no label, whatever its text.
  const name = label ?? (kind === 'icon' && typeof children === 'string' ? children : undefined);
  return element('vscode-button', {
    appearance: kind, disabled, onClick,
    ...(className === undefined ? {} : { class: className }),
    ...(title === undefined ? {} : { title }),
    ...(name === undefined ? {} : { 'aria-label': name }),
  }, children);
}

/** The part of a text field's element that is used. */
export interface TextFieldElement extends HTMLElement {
  value: string;
}

export interface TextFieldProps {
  readonly value: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly size?: number;
  readonly class?: string;
  readonly fieldRef?: RefObject<TextFieldElement | null>;
  /** At every keystroke. */
  readonly onInput?: (value: string) => void;
  /** When the person is done: Enter or leaving the field. */
  readonly onCommit?: (value: string) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

export function TextField({ value, label, placeholder, size, class: className, fieldRef, onInput, onCommit, onKeyDown }: TextFieldProps): VNode {
  const own = useRef<TextFieldElement>(null);
  const field = fieldRef ?? own;
  // The element names itself "Text field" when it is put into the page, whatever its label says.
  useLayoutEffect(() => field.current?.setAttribute('aria-label', label), [label]);
  const valueOf = (event: Event): string => (event.currentTarget as TextFieldElement).value;
  return element('vscode-text-field', {
    value, 'aria-label': label, ref: field,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(size === undefined ? {} : { size }),
    ...(className === undefined ? {} : { class: className }),
    ...(onInput === undefined ? {} : { onInput: (event: Event) => onInput(valueOf(event)) }),
    ...(onCommit === undefined ? {} : { onChange: (event: Event) => onCommit(valueOf(event)) }),
    ...(onKeyDown === undefined ? {} : { onKeyDown }),
  });
}

export interface DropdownProps {
  readonly value: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly title: string }[];
  readonly onChange: (value: string) => void;
}

export function Dropdown({ value, label, options, onChange }: DropdownProps): VNode {
  return element('vscode-dropdown', {
    'aria-label': label,
    // The element knows its value only once its options are there: the key makes a new one when they change.
    key: options.map((option) => option.value).join('\n'),
    onChange: (event: Event) => onChange((event.currentTarget as TextFieldElement).value),
  }, options.map((option) => element('vscode-option', { key: option.value, value: option.value, selected: option.value === value }, option.title)));
}
