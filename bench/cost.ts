/** `npm run cost`: what a month costs, out of the bench's last report. */
import '../cli/output-errors.ts';
import { readFileSync } from 'node:fs';
import { decimalNumber, npmCommand, parseArguments, runCommand } from '../cli/command.ts';
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

const EVENTS_BY_DEFAULT = [1_000_000, 10_000_000, 100_000_000];

interface CostOptions {
  readonly questions: readonly CostQuestion[];
  readonly form: 'text' | 'json' | 'markdown';
}

function readOptions(argv: readonly string[]): CostOptions {
  const values = parse(argv);
  const { events, provisionedTable: peak } = values;
  const common = {
    duplicates: values.duplicates,
    ingestMemoryMb: values.ingestMemory,
    processorMemoryMb: values.processorMemory,
    provisionedConcurrency: values.provisioned,
    batchWindowSeconds: values.batchWindow,
    crmMs: values.crmMs,
    tracing: values.tracing === true,
    archiveDays: values.archiveDays,
    table: peak === undefined ? ({ kind: 'on-demand' } as const) : ({ kind: 'provisioned', peakToMean: peak } as const),
  };
  return {
    questions: (events === undefined ? EVENTS_BY_DEFAULT : [events]).map((eventsPerMonth) => ({
      ...common,
      eventsPerMonth,
    })),
    form: values.json === true ? 'json' : values.markdown === true ? 'markdown' : 'text',
  };
}

function parse(argv: readonly string[]) {
  const { sqsSend, transaction, batchGet } = ASSUMED_MS;
  const command = npmCommand('cost')
    .description(
      `Prints what a month costs in us-east-1, by service, at the prices of ${PRICES_OF} and without free tiers: ` +
        'requests, units and CPU time as the bench counted and measured them (bench/results/latest.json), waits for ' +
        `AWS as assumed (SQS ${sqsSend} ms, a transaction ${transaction} ms, a read ${batchGet} ms).`,
    )
    .option('--events <n>', 'events a month (1, 10 and 100 million beside each other)', decimalNumber(1))
    .option('--duplicates <n>', 'further deliveries for each event', decimalNumber(0), 0.3)
    .option(
      '--provisioned-table <p>',
      'provisioned table capacity, for a peak of p times the mean (on demand)',
      decimalNumber(1),
    )
    .option('--provisioned <n>', 'ingest environments kept ready', decimalNumber(0), 0)
    .option('--batch-window <s>', 'the processor’s batch window in seconds', decimalNumber(0), 1)
    .option('--ingest-memory <mb>', 'memory of the ingest function', decimalNumber(128), 512)
    .option('--processor-memory <mb>', 'memory of the processor', decimalNumber(128), 512)
    .option('--crm-ms <ms>', 'how long the CRM takes for a call', decimalNumber(0), 100)
    .option('--archive-days <n>', 'how long deliveries are archived; 0: not at all', decimalNumber(0), 0)
    .option('--tracing', 'with X-Ray (without, as deployed)')
    .option('--json', 'print it as JSON')
    .option('--markdown', 'print it as the table of docs/cost.md');
  return parseArguments(command, argv).opts();
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

function main({ questions, form }: CostOptions): number {
  const units = readUnits();
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

await runCommand(readOptions, main);
