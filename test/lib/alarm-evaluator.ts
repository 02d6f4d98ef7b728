/**
 * A small evaluator of CloudWatch alarms: metric math on one period's values, then M of N with
 * missing data.
 */

/** Values of one period by metric id; a metric without data is absent. */
export type Period = Readonly<Record<string, number>>;

/** Properties of an alarm that the evaluator reads. */
export interface EvaluatedAlarm {
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: string;
  readonly Metrics?: readonly { readonly Id: string; readonly Expression?: string }[];
}

type State = 'OK' | 'ALARM';

/**
 * The value of the alarm's expression; undefined where a metric that it needs has no data. `value`:
 * an alarm of one metric.
 */
export function expressionValue({ Metrics = [] }: EvaluatedAlarm, period: Period): number | undefined {
  const expression = Metrics.find(({ Expression }) => Expression !== undefined)?.Expression;
  if (expression === undefined) return period.value;
  const ids = Metrics.filter(({ Expression }) => Expression === undefined).map(({ Id }) => Id);
  const needed = ids.filter((id) => !expression.includes(`FILL(${id},`));
  if (needed.some((id) => period[id] === undefined)) return undefined;
  const calculate = new Function('IF', 'FILL', ...ids, `return ${expression}`);
  return calculate(
    (is: boolean, then: number, otherwise: number) => (is ? then : otherwise),
    (value: number | undefined, instead: number) => value ?? instead,
    ...ids.map((id) => period[id]),
  ) as number;
}

/**
 * The alarm's state after each period, beginning with OK. Assumes `GreaterThanOrEqualToThreshold`.
 */
export function statesOf(alarm: EvaluatedAlarm, periods: readonly Period[]): State[] {
  const { EvaluationPeriods: n, DatapointsToAlarm: m, TreatMissingData: missing, Threshold } = alarm;
  const points = periods.map((period) => {
    const value = expressionValue(alarm, period);
    if (value !== undefined) return value >= Threshold;
    return missing === 'ignore' ? undefined : missing === 'breaching';
  });
  let state: State = 'OK';
  return points.map((_, end) => {
    const range = points.slice(Math.max(0, end + 1 - n), end + 1);
    const breaching = range.filter((point) => point === true).length;
    const unknown = range.filter((point) => point === undefined).length;
    if (breaching >= m) state = 'ALARM';
    else if (breaching + unknown < m) state = 'OK';
    return state;
  });
}
