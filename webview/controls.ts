// The controls of both pages. The toolkit is imported here and nowhere else, so another one could take its place.
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeDropdown, vsCodeOption, vsCodeTextField } from '@vscode/webview-ui-toolkit';
import { h, type ComponentChildren, type Ref, type VNode } from 'preact';

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
  return element('vscode-button', {
    appearance: kind, disabled, onClick,
    ...(className === undefined ? {} : { class: className }),
    ...(title === undefined ? {} : { title }),
    ...(label === undefined ? {} : { 'aria-label': label }),
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
  readonly fieldRef?: Ref<TextFieldElement>;
  /** At every keystroke. */
  readonly onInput?: (value: string) => void;
  /** When the person is done: Enter or leaving the field. */
  readonly onCommit?: (value: string) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

export function TextField({ value, label, placeholder, size, class: className, fieldRef, onInput, onCommit, onKeyDown }: TextFieldProps): VNode {
  const valueOf = (event: Event): string => (event.currentTarget as TextFieldElement).value;
  return element('vscode-text-field', {
    value, 'aria-label': label,
    ...(fieldRef === undefined ? {} : { ref: fieldRef }),
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
