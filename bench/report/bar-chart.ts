/** Bar charts as SVG: groups of bars with their spread. */
import type { Sample } from '../statistics.ts';

/** A chart. Every group has the same bars. */
export interface BarChart {
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly {
    readonly name: string;
    readonly bars: readonly { readonly name: string; readonly sample: Sample }[];
  }[];
}

const COLORS = ['#7a8793', '#0b6e4f', '#c8963e', '#8c4a6b', '#3d5a80', '#b0413e'];
const BAR = { width: 46, gap: 8, groupGap: 40, height: 220 };
const MARGIN = { top: 46, right: 20, bottom: 44, left: 20 };

/** The chart, whole and without anything from outside. */
export function barChartSvg({ title, unit, groups }: BarChart): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ sample }) => sample.max)), Number.MIN_VALUE);
  const y = (value: number) => MARGIN.top + BAR.height * (1 - Math.max(0, value) / most);
  const base = y(0);
  let x = MARGIN.left;
  const drawn: string[] = [];
  for (const { name, bars } of groups) {
    const groupStart = x;
    for (const [index, { name: barName, sample }] of bars.entries()) {
      const color = COLORS[index % COLORS.length];
      const middle = x + BAR.width / 2;
      const top = y(sample.median);
      drawn.push(
        `<rect x="${x}" y="${round(top)}" width="${BAR.width}" height="${round(base - top)}" fill="${color}"/>`,
        `<path d="M${middle} ${round(y(sample.min))}V${round(y(sample.max))}" stroke="#222" stroke-width="1.5"/>`,
        text(middle, y(sample.max) - 6, label(sample.median), 11),
        text(middle, base + 14, barName, 10),
      );
      x += BAR.width + BAR.gap;
    }
    drawn.push(text((groupStart + x - BAR.gap) / 2, base + 32, name, 12));
    x += BAR.groupGap;
  }
  const width = Math.max(x - BAR.groupGap + MARGIN.right, 360);
  const height = MARGIN.top + BAR.height + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" fill="#222" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="20" font-size="14">${escaped(`${title} (${unit})`)}</text>`,
    ...drawn,
    `<path d="M${MARGIN.left} ${base}H${width - MARGIN.right}" stroke="#222"/>`,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, content: string, size: number): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="middle">${escaped(content)}</text>`;
}

function label(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
