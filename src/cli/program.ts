// Every command of `lathe` with its options: the table of contents of the command line.
import { Command } from 'commander';
import type { WorkContext } from '../base/cancellation';
import { parseBindings, parseBlank, parseGoal, parseInteger, parseMetric, parseMostLoss, parseNumber, parsePictureOrder, parsePixelScale, parsePositive, parseResize, parseSplit, parseTarget, parseWeights, thisMachine } from './arguments';
import { taskMetricNames } from '../protocol/taskMetrics';
import { parseProvider } from '../runtime/providers';
import * as commands from './commands';
import type { ProgressLine } from './terminal';

export interface Session {
  readonly context: WorkContext;
  readonly line: ProgressLine;
  /** A command sets the exit code here: 1 when a gate or an acceptance failed. */
  readonly outcome: { exitCode: number };
}

const bind = ['--bind <name=value,…>', 'values of the open input dimensions, e.g. batch=1,seq=128', parseBindings, {}] as const;
const followCacheLinks = ['--follow-cache-links', 'open a model of the Hugging Face cache, whose files are links within it; read-only'] as const;
const json = ['--json', 'print one JSON document on stdout'] as const;
const imageOrder = ['--image-order <order>', 'channels of the images: rgb, or bgr as OpenCV and PaddleOCR models take', parsePictureOrder] as const;
const imageScale = ['--image-scale <scale>', 'numbers of the images: unit (0–1), signed (−1–1), imagenet (its mean and deviation), raw (0–255), auto', parsePixelScale] as const;
const data = ['--data <path>', 'data: a folder of images (classes by subfolder), .npy or .wav files or test_data_set folders, a .npy, .npz, IDX, .csv, .jsonl, .wav or .txt file, or a .json description'] as const;

/** @throws CommanderError from parsing, LatheError from commands. */
export function makeProgram(session: Session): Command {
  const program = new Command('lathe')
    .description('Makes neural networks smaller and faster, and proves it.')
    .version(commands.version, '-V, --version')
    .exitOverride()
    .showHelpAfterError()
    .option('--verbose', 'say what is being done, and show where a defect occurred');

  program
    .command('inspect <model>')
    .description('what the model is, what each layer costs, and what is worth changing')
    .option(...bind)
    .option(...followCacheLinks)
    .option('--deep', 'read the weights too: duplicates, NaN, statistics')
    .option('--layers <count>', 'layers shown in the table', parseInteger('--layers', 0), 20)
    .option(...json)
    .action((model: string, options: commands.InspectOptions) => commands.inspect(session, model, options));

  withMetricOptions(withDataOptions(withRunOptions(program.command('optimize <model>'))))
    .description('make a smaller or faster copy, checked and benchmarked against the source')
    .option('--goal <goal>', 'latency, size, memory or simplification', parseGoal, 'latency')
    .option('--target <name>', 'device it is meant for, named in the report; it is measured on this machine', parseTarget, thisMachine)
    .option('--floor <value>', 'with --metric its worst acceptable figure, else the least agreement with the source (0–1) or SQNR in dB', parseNumber('--floor'))
    .option('--recipe <file>', 'do with this model what the recipe says; options given beside it override the recipe')
    .option('-o, --output <file>', 'where the result goes (never overwrites); a folder of a TensorFlow.js model')
    .option('--allow-slower', 'accept a smaller model that is slower')
    .option('--allow-uncalibrated', 'accept a model quantised without real data')
    .option(...json)
    .action((model: string, options: commands.OptimizeOptions, command: Command) => commands.optimize(session, model, options, given(command)));

  // What a recipe says is not said again: its threads, provider and bindings are part of what is repeated.
  withRunnerOptions(program.command('run <recipe>'))
    .description('run a recipe again and measure again')
    .option('--frozen', 'replay the decisions recorded in the report: same bytes on the same machine and versions')
    .option(...json)
    .action((recipe: string, options: commands.RunOptions) => commands.runRecipe(session, recipe, options));

  withDataOptions(withRunOptions(program.command('bench <source> [variant]')))
    .description('latency of a model, or of two in interleaved rounds')
    .option(...json)
    .action((source: string, variant: string | undefined, options: commands.BenchOptions) => commands.bench(session, source, variant, options));

  withDataOptions(withRunOptions(program.command('compare <source> <variant>')))
    .description('outputs of two models on the same inputs, and what changed node by node')
    .option('--floor <value>', 'exit 1 when the agreement is below this', parseNumber('--floor'))
    .option('--layers <count>', 'changed layers shown in the table; 0 shows none', parseInteger('--layers', 0), 10)
    .option(...json)
    .action((source: string, variant: string, options: commands.CompareOptions) => commands.compare(session, source, variant, options));

  withMetricOptions(withDataOptions(withRunOptions(program.command('evaluate <source> [variant]'))))
    .description('how well a model does its task on labelled data, or two on the same, with a test of their difference')
    .option('--split <part>', 'only this part of the data: calibration, evaluation or test', parseSplit)
    .option('--samples <count>', 'most samples; all by default', parseInteger('--samples', 1))
    .option('--floor <value>', 'exit 1 when the figure is worse than this', parseNumber('--floor'))
    .option(...json)
    .action((source: string, variant: string | undefined, options: commands.EvaluateOptions) => commands.evaluate(session, source, variant, options));

  program
    .command('check <model>')
    .description('is the model well-formed, and do its shapes agree')
    .option(...followCacheLinks)
    .option(...json)
    .action((model: string, options: commands.CheckOptions) => commands.check(session, model, options));

  withRunOptions(program.command('profile <model>'))
    .description('measured milliseconds of every node')
    .option('--layers <count>', 'layers shown in the table', parseInteger('--layers', 0), 20)
    .option(...json)
    .action((model: string, options: commands.ProfileOptions) => commands.profile(session, model, options));

  program
    .command('text <model>')
    .description("the model in ONNX's textual syntax")
    .option('-o, --output <file>', 'write it there (never overwrites) instead of printing it')
    .option('--weights <how>', 'name large weights by their place in the file, or by a hash of their content', parseWeights, 'place')
    .option(...followCacheLinks)
    .action((model: string, options: commands.TextOptions) => commands.text(model, options));

  program
    .command('convert <model>')
    .description('a TensorFlow.js model (model.json) as ONNX')
    .option('-o, --output <file>', 'where the result goes (never overwrites)')
    .option(...followCacheLinks)
    .option(...json)
    .action((model: string, options: commands.ConvertOptions) => commands.convert(session, model, options));

  program
    .command('shard <model>')
    .description('a TensorFlow.js model (model.json) with its weights in files of at most 4 MiB, or as large as said; nothing else changes')
    .option('--shard-bytes <count>', 'the most bytes of a file with weights', parseInteger('--shard-bytes', 1))
    .option('-o, --output <folder>', 'where the result goes (never overwrites)')
    .option(...followCacheLinks)
    .option(...json)
    .action((model: string, options: commands.ShardOptions) => commands.shard(session, model, options));

  withDataOptions(withRunOptions(program.command('upgrade <model>')))
    .description('a copy at a newer opset, where every change is mechanical; run beside the source')
    .requiredOption('--opset <version>', 'the version of ai.onnx to reach', parseInteger('--opset', 1))
    .option('-o, --output <file>', 'where the result goes (never overwrites)')
    .option(...json)
    .action((model: string, options: commands.UpgradeOptions) => commands.upgrade(session, model, options));

  withDataOptions(withRunOptions(program.command('inline <model>')))
    .description("a copy in which calls of the model's own functions give way to the functions' bodies; run beside the source")
    .option('--function <domain::name>', 'only this function; may be given several times', collect)
    .option('-o, --output <file>', 'where the result goes (never overwrites)')
    .option(...json)
    .action((model: string, options: commands.InlineOptions) => commands.inline(session, model, options));

  return program;
}

/** An option that may be given several times. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Options of every command that feeds data. */
function withDataOptions(command: Command): Command {
  return command
    .option(...data)
    .option('--labels <file>', 'labels: .npy, IDX, or lines of file name and label')
    .option('--tokenizer <file>', 'tokenizer.json or vocab.txt for texts')
    .option(...imageOrder)
    .option(...imageScale)
    .option('--image-resize <mode>', 'stretch, crop (shorter side, then the centre) or letterbox', parseResize);
}

/** Options of every command that judges by labels. */
function withMetricOptions(command: Command): Command {
  return command
    .option('--metric <name>', `how well the task is done: ${taskMetricNames.join(', ')}`, parseMetric)
    .option('--max-loss <loss>', 'most the variant may lose of it: 0.5pp, 0.3dB, 2% of the source', parseMostLoss)
    .option('--metric-output <name>', 'the output that is judged')
    .option('--charset <file>', 'texts: one character per line, in the order of the classes')
    .option('--blank <place>', 'texts: the class of nothing is the first or the last', parseBlank)
    .option('--positive <class>', 'precision, recall, F1: judge this class alone', parseInteger('--positive', 0))
    .option('--peak <value>', 'PSNR: the greatest value a pixel can have', parsePositive('--peak'));
}

/** Options of every command that runs a model as it is told here. */
function withRunOptions(command: Command): Command {
  return withRunnerOptions(command)
    .option(...bind)
    .option('--threads <count>', 'threads of the runtime', parseInteger('--threads', 1), 1)
    .option('--provider <name>', 'cpu, webgpu, cuda, coreml or dml', parseProvider, 'cpu');
}

/** Options of every command that runs a model. */
function withRunnerOptions(command: Command): Command {
  return command
    .option(...followCacheLinks)
    .option('--node <path>', 'a Node executable for the runner')
    .option('--timeout <seconds>', 'longest time for one run of the model', parsePositive('--timeout'));
}

/** The options that the person gave, without those that have their default. */
function given(command: Command): Partial<commands.OptimizeOptions> {
  return Object.fromEntries(Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli'));
}
