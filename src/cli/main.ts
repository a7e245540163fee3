// The `lathe` command: parses the command line, runs one command, and turns the outcome into an exit code.
// 0 done · 1 a gate or an acceptance failed · 2 bad input or usage.
import { visible } from '../base/visible';
import { CommanderError } from 'commander';
import { LatheError, toLatheError } from '../base/errors';
import { makeProgram } from './program';
import { outliveReader, ProgressLine, printJson } from './terminal';

const exitGateFailed = 1;
const exitBadInput = 2;
const wantsJson = process.argv.includes('--json');

async function main(): Promise<number> {
  outliveReader(process.stdout);
  const line = new ProgressLine();
  const abort = new AbortController();
  let interrupted = false;
  process.on('SIGINT', () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    abort.abort();
  });
  try {
    const outcome = { exitCode: 0 };
    const program = makeProgram({ context: { signal: abort.signal, progress: line.report }, line, outcome });
    await program.parseAsync(process.argv);
    return outcome.exitCode;
  } catch (thrown) {
    line.clear();
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0;
      // The parser has said it in words on stderr; a script reads stdout.
      if (wantsJson) printJson({ error: new LatheError('usage', thrown.message.replace(/^error: /, ''), { hint: 'See lathe --help.' }) });
      return exitBadInput;
    }
    const error = toLatheError(thrown);
    if (wantsJson) printJson({ error });
    else process.stderr.write(`${errorText(error)}\n`);
    if (error.code === 'internal' && error.cause instanceof Error && process.argv.includes('--verbose')) process.stderr.write(`${error.cause.stack ?? ''}\n`);
    return error.code === 'rejected' ? exitGateFailed : error.code === 'cancelled' ? 130 : exitBadInput;
  }
}

/** `lathe: <file>: <item>: <message>` and, on a line of its own, what can be done. */
function errorText(error: LatheError): string {
  const where = [error.file, error.item].filter((part) => part !== undefined).map((part) => `${visible(part)}: `);
  return `lathe: ${where.join('')}${visible(error.message)}${error.hint === undefined ? '' : `\n  ${visible(error.hint)}`}`;
}

void main().then((code) => {
  process.exitCode = code;
});
