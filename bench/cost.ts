/** `npm run cost`: what a month costs, out of the bench's last report. */
import '../cli/output-errors.ts';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UserError } from '../cli/user-error.ts';
import {
  ASSUMED_MS,
  type CostAnswer,
  type CostItem,
  type CostQuestion,
  costOf,
  ingestMs,
  type MeasuredUnits,
  measuredUnits,
} from './cost/cost-model.ts';
import { PRICES_OF } from './cost/prices.ts';
import type { BenchReport } from './report/report.ts';

const REPORT = new URL('./results/latest.json', import.meta.url);

const HELP = `What a month costs in us-east-1, by service, at the prices of ${PRICES_OF} and without free tiers: requests, units
and CPU time as the bench counted and measured them (bench/results/latest.json), waits for AWS as assumed
(SQS ${ASSUMED_MS.sqsSend} ms, a transaction ${ASSUMED_MS.transaction} ms, a read ${ASSUMED_MS.batchGet} ms).

  npm run cost -- [options]

  --events N            events a month (1, 10 and 100 million beside each other)
  --duplicates D        further deliveries for each event (0.3)
  --provisioned-table P provisioned table capacity, for a peak of P times the mean (on demand)
  --provisioned N       ingest environments kept ready (0)
  --batch-window S      the processor's batch window in seconds (1)
  --ingest-memory MB    (512)
  --processor-memory MB (512)
  --crm-ms MS           how long the CRM takes for a call (100)
  --tracing             with X-Ray (without, as deployed)
  --json                print it as JSON
  --markdown            print it as the table of docs/cost.md
  -h, --help            this text
`;

const EVENTS_BY_DEFAULT = [1_000_000, 10_000_000, 100_000_000];

interface CostOptions {
  readonly questions: readonly CostQuestion[];
  readonly form: 'text' | 'json' | 'markdown';
}

function readOptions(args: readonly string[]): CostOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const peak = values['provisioned-table'];
  const common = {
    duplicates: number('--duplicates', values.duplicates ?? '0.3', 0),
    ingestMemoryMb: number('--ingest-memory', values['ingest-memory'] ?? '512', 128),
    processorMemoryMb: number('--processor-memory', values['processor-memory'] ?? '512', 128),
    provisionedConcurrency: number('--provisioned', values.provisioned ?? '0', 0),
    batchWindowSeconds: number('--batch-window', values['batch-window'] ?? '1', 0),
    crmMs: number('--crm-ms', values['crm-ms'] ?? '100', 0),
    tracing: values.tracing === true,
    table:
      peak === undefined
        ? ({ kind: 'on-demand' } as const)
        : ({ kind: 'provisioned', peakToMean: number('--provisioned-table', peak, 1) } as const),
  };
  const events = values.events === undefined ? EVENTS_BY_DEFAULT : [number('--events', values.events, 1)];
  return {
    questions: events.map((eventsPerMonth) => ({ ...common, eventsPerMonth })),
    form: values.json === true ? 'json' : values.markdown === true ? 'markdown' : 'text',
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        events: text,
        duplicates: text,
        'provisioned-table': text,
        provisioned: text,
        'batch-window': text,
        'ingest-memory': text,
        'processor-memory': text,
        'crm-ms': text,
        tracing: { type: 'boolean' },
        json: { type: 'boolean' },
        markdown: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run cost -- --help says what there is)`);
  }
}

function number(name: string, value: string, least: number): number {
  const parsed = Number(value);
  if (!/^\d{1,12}(\.\d+)?$/.test(value) || parsed < least)
    throw new UserError(`${name} ${value}: must be a number from ${least} on`);
  return parsed;
}

function readUnits(): MeasuredUnits {
  let report: BenchReport = {};
  try {
    report = JSON.parse(readFileSync(REPORT, 'utf8')) as BenchReport;
  } catch {
    // Said below, as for a report that lacks a part.
  }
  const units = measuredUnits(report);
  if (units === undefined)
    throw new UserError('There are no figures yet in bench/results/latest.json: npm run bench makes them.');
  return units;
}

/** The rows of the bill: what, and dollars for each question; the sums at the end. */
function billRows(answers: readonly CostAnswer[]): readonly (readonly string[])[] {
  const nameOf = ({ service, what }: CostItem) => `${service}, ${what.replace(/, \d+ units$/, '')}`;
  const names = [...new Set(answers.flatMap(({ items }) => items.map(nameOf)))];
  const sumOf = (name: string, { items }: CostAnswer) =>
    items.filter((item) => nameOf(item) === name).reduce((sum, item) => sum + item.dollars, 0);
  return [
    ...names.map((name) => [name, ...answers.map((answer) => dollars(sumOf(name, answer)))]),
    ['a month', ...answers.map(({ dollarsPerMonth }) => dollars(dollarsPerMonth))],
    ['for a million events', ...answers.map(({ dollarsPerMillionEvents }) => dollars(dollarsPerMillionEvents))],
  ];
}

function headOf(questions: readonly CostQuestion[]): readonly string[] {
  return ['events a month', ...questions.map(({ eventsPerMonth }) => eventsPerMonth.toLocaleString('en-US'))];
}

function answerText(questions: readonly CostQuestion[], answers: readonly CostAnswer[], units: MeasuredUnits): string {
  const [first] = questions;
  const line = ([name = '', ...cells]: readonly string[]) =>
    `  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(12)).join('')}`;
  return [
    ...[headOf(questions), ...billRows(answers)].map(line),
    '',
    `  us-east-1, ${PRICES_OF}, without free tiers; ${first?.duplicates} further deliveries for each event;`,
    `  ingest ${first === undefined ? '' : ingestMs(first.ingestMemoryMb, units)} ms a delivery, ${units.writeUnits.toFixed(2)} write and ${units.readUnits.toFixed(2)} read units an event`,
  ].join('\n');
}

function answerMarkdown(questions: readonly CostQuestion[], answers: readonly CostAnswer[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = headOf(questions);
  return [
    line(head),
    line(head.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...billRows(answers).map(line),
  ].join('\n');
}

function dollars(value: number): string {
  return `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

function main(): number {
  let options: CostOptions | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const units = readUnits();
  const { questions, form } = options;
  const answers = questions.map((question) => costOf(question, units));
  const report = questions.map((question, index) => ({ question, answer: answers[index] }));
  process.stdout.write(`${printed()}\n`);
  return 0;

  function printed(): string {
    switch (form) {
      case 'json':
        return JSON.stringify({ prices: PRICES_OF, units, report }, undefined, 2);
      case 'markdown':
        return answerMarkdown(questions, answers);
      case 'text':
        return answerText(questions, answers, units);
      default:
        return form satisfies never;
    }
  }
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
