// Errors as the person meets them: one sentence, the item concerned, what can be done, and a way to the log.
import * as vscode from 'vscode';
import { toLatheError } from '../base/errors';
import { t } from './translate';
import { errorSentence } from './wording';

/** Shows an error unless the person caused it by cancelling; the whole of it goes into the log. */
export async function showError(thrown: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const error = toLatheError(thrown);
  if (error.code === 'cancelled') return;
  log.error(`${error.code}: ${errorSentence(error)}`);
  if (error.code === 'internal' && error.cause instanceof Error) log.error(error.cause.stack ?? error.cause.message);
  const showLog = t('Show Log');
  const choice = await vscode.window.showErrorMessage(errorSentence(error), showLog);
  if (choice === showLog) log.show();
}
