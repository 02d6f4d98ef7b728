/**
 * The pipeline's limits, an order of magnitude shorter; the relations between them are checked at
 * synth.
 */
export const LIMITS_IN_SECONDS: Readonly<Record<string, string>> = {
  'limits.crmTimeoutMs': '600',
  'limits.storeTryMs': '250',
  'limits.storeBudgetMs': '340',
  'limits.attemptBudgetMs': '2300',
  'limits.startReserveMs': '2640',
  'limits.processorFunctionTimeoutMs': '3000',
  'limits.clockSkewMs': '300',
  'limits.leaseMs': '3400',
  'limits.visibilityMs': '18000',
  'limits.backoffBaseMs': '200',
  'limits.backoffCapMs': '1000',
  'limits.crmAttempts': '4',
  'limits.circuitOpenMs': '2000',
};
