/** Line charts as SVG, drawn here: the page needs no chart library, and no script to show them. */
import { type Html, html } from '../../lambdas/operations/html.ts';

/** One line of a chart; undefined where nothing was measured. */
export interface ChartLine {
  readonly label: string;
  readonly color: 'one' | 'two' | 'three';
  readonly values: readonly (number | undefined)[];
}

/** One chart. Its lines have as many values as each other, oldest first. */
export interface Chart {
  readonly title: string;
  /** After each number: `/s`, ` ms` (long times are shown in seconds), or nothing. */
  readonly unit: string;
  readonly lines: readonly ChartLine[];
}

/** The time that charts show, and when the circuit was open in it. */
export interface ChartWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly outages: readonly { readonly fromMs: number; readonly toMs: number }[];
}

const WIDTH = 300;
const HEIGHT = 96;

/** All charts over one window. */
export function renderCharts(charts: readonly Chart[], window: ChartWindow): Html {
  return html`<div class="ops-charts">${charts.map((chart) => renderChart(chart, window))}</div>`;
}

function renderChart({ title, unit, lines }: Chart, window: ChartWindow): Html {
  const top = niceTop(Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const label = lines.map((line) => `${line.label} ${shown(latest(line), unit)}`).join(', ');
  return html`<figure class="ops-chart"><figcaption><span>${title}</span>${lines.map(
    (line) =>
      html`<span class="ops-key"><i class="ops-${line.color}"></i>${line.label} <b>${shown(latest(line), unit)}</b></span>`,
  )}</figcaption>
<div class="ops-plot"><span>${shown(top, unit)}</span><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}: ${label}">
${window.outages.map((outage) => renderOutage(outage, window))}
${[0, 0.5, 1].map((share) => html`<line class="ops-grid" x1="0" x2="${WIDTH}" y1="${HEIGHT * share}" y2="${HEIGHT * share}"/>`)}
${lines.map((line) => html`<path class="ops-line ops-${line.color}" d="${pathOf(line.values, top)}"/>`)}</svg></div>
<div class="ops-axis"><span>${minutes(window)} min ago</span><span>now</span></div></figure>`;
}

function minutes({ fromMs, toMs }: ChartWindow): number {
  return Math.round((toMs - fromMs) / 60_000);
}

function renderOutage(outage: ChartWindow['outages'][number], { fromMs, toMs }: ChartWindow): Html {
  const x = (atMs: number) => Math.min(WIDTH, Math.max(0, ((atMs - fromMs) / (toMs - fromMs)) * WIDTH));
  return html`<rect class="ops-outage" x="${x(outage.fromMs).toFixed(1)}" y="0" width="${(x(outage.toMs) - x(outage.fromMs)).toFixed(1)}" height="${HEIGHT}"/>`;
}

/** A line breaks where nothing was measured; a value alone is a short dash. */
function pathOf(values: readonly (number | undefined)[], top: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  let path = '';
  let drawing = false;
  for (const [position, value] of values.entries()) {
    if (value === undefined) {
      drawing = false;
      continue;
    }
    const x = (position * step).toFixed(1);
    const y = (HEIGHT - (value / top) * (HEIGHT - 4)).toFixed(1);
    path += drawing ? `L${x} ${y}` : `M${x} ${y}h.1`;
    drawing = true;
  }
  return path;
}

/** The next of 1, 2, 5, 10, 20, … */
function niceTop(highest: number): number {
  if (!(highest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((factor) => factor * power >= highest) ?? 10) * power;
}

function latest({ values }: ChartLine): number | undefined {
  return values.findLast((value) => value !== undefined);
}

function shown(value: number | undefined, unit: string): string {
  if (value === undefined) return '–';
  if (unit === ' ms' && value >= 10_000) return shown(value / 1_000, ' s');
  const digits = value < 10 && !Number.isInteger(value) ? 1 : 0;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: digits })}${unit}`;
}
