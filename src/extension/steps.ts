// A flow of quick picks with a step count and a Back button, as VS Code's own flows have them.
import * as vscode from 'vscode';

export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** What a step ends with: an answer, a step back, or the person leaving. */
export type StepResult<T> = { readonly kind: 'answer'; readonly value: T } | { readonly kind: 'back' } | { readonly kind: 'left' };

export interface Step {
  readonly title: string;
  readonly step: number;
  readonly steps: number;
  readonly placeholder: string;
}

/** Lets the person pick one of a few answers. */
export async function pick<T>(step: Step, choices: readonly Choice<T>[], preferred?: T): Promise<StepResult<T>> {
  const input = vscode.window.createQuickPick<Choice<T>>();
  input.title = step.title;
  input.step = step.step;
  input.totalSteps = step.steps;
  input.placeholder = step.placeholder;
  input.items = choices;
  input.ignoreFocusOut = true;
  input.matchOnDescription = true;
  input.buttons = step.step > 1 ? [vscode.QuickInputButtons.Back] : [];
  const first = choices.find((choice) => choice.value === preferred);
  if (first !== undefined) input.activeItems = [first];
  return await settle(input, (done) => {
    input.onDidAccept(() => {
      const [chosen] = input.selectedItems;
      if (chosen !== undefined) done({ kind: 'answer', value: chosen.value });
    });
  });
}

/** Asks for a value that is typed. @param read the value of a text, undefined for one that is none, of which `wrong` says what it must be. */
export async function askValue<T>(step: Step, initial: string, read: (text: string) => T | undefined, wrong: string): Promise<StepResult<T>> {
  const input = vscode.window.createInputBox();
  input.title = step.title;
  input.step = step.step;
  input.totalSteps = step.steps;
  input.prompt = step.placeholder;
  input.value = initial;
  input.ignoreFocusOut = true;
  input.buttons = [vscode.QuickInputButtons.Back];
  return await settle(input, (done) => {
    input.onDidChangeValue(() => {
      input.validationMessage = read(input.value) === undefined ? wrong : undefined;
    });
    input.onDidAccept(() => {
      const value = read(input.value);
      if (value !== undefined) done({ kind: 'answer', value });
    });
  });
}

type Input = Pick<vscode.QuickPick<vscode.QuickPickItem>, 'onDidHide' | 'onDidTriggerButton' | 'show' | 'dispose'>;

async function settle<T>(input: Input, listen: (done: (result: StepResult<T>) => void) => void): Promise<StepResult<T>> {
  return await new Promise<StepResult<T>>((resolve) => {
    const done = (result: StepResult<T>): void => {
      resolve(result);
      input.dispose();
    };
    input.onDidHide(() => done({ kind: 'left' }));
    input.onDidTriggerButton(() => done({ kind: 'back' }));
    listen(done);
    input.show();
  });
}
