/**
 * After an outage of the CRM, what the outage put into quarantine goes back by itself, at a rate that a CRM which
 * has just come back can bear. With no traffic to find out whether the CRM is back, one waiting event is the probe.
 */
import { type CircuitBreakerRow, readCircuitBreaker, stateOf } from '../domain/crm/circuit-breaker.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { CircuitBreakerStore, IdempotencyStore, QuarantineIndex, Unavailable } from '../ports.ts';
import { forward } from './forward.ts';
import type { HeldMessages } from './held-messages.ts';
import { MessageMover, type MoveDependencies } from './move-messages.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';
import { hasRecoverable, outagesOf, RecoveryRules } from './recovery-rules.ts';
import { RunReportBuilder, stopped } from './run-report.ts';
import { type BatchHandler, type ScanDependencies, type ScanStep, scanQuarantine } from './scan-quarantine.ts';

/** What recovery needs. */
export interface RecoverDependencies extends ScanDependencies, MoveDependencies {
  readonly store: Pick<IdempotencyStore, 'readAhead'>;
  readonly circuitBreaker: Pick<CircuitBreakerStore, 'read'>;
  readonly index: QuarantineIndex;
}

/** Less than the schedule's minute: two runs side by side would be twice as fast as they may be. */
const RUN_MS = 50_000;
/** How often the circuit is looked at while events are moved, and while a probe is under way. */
const CIRCUIT_LOOK_MS = 3_000;
const PROBE_LOOK_MS = 1_000;
/** From the probe's being sent to the circuit's closing: a poll, a claim, a call, a settlement. */
const PROBE_WAIT_MS = 15_000;
/** So many are looked at for an event that the CRM has not been tried with; then any will do. */
const PROBE_CHOICE_MAX = 100;

/** Ends at once where there is nothing to do. Ends by `endsAtMs`. */
export async function recover(endsAtMs: number, deps: RecoverDependencies): Promise<RedriveResult> {
  const { quarantine, clock } = deps;
  const tally = new RunReportBuilder(clock.now());
  const counted = await quarantine.count();
  if (counted.kind === 'unavailable') return answer(tally, stopped('unavailable', counted.cause));
  if (counted.visible === 0) return answer(tally, { reachedEnd: true });
  const circuit = await readCircuit(deps);
  if ('kind' in circuit) return answer(tally, stopped('unavailable', circuit.cause));
  if (['open', 'paused'].includes(stateOf(circuit, clock.now())))
    return answer(tally, stopped('circuit_open'), circuit);
  if (!(await hasRecoverable(circuit, deps))) return answer(tally, { reachedEnd: true }, circuit);
  const recovery = new Recovery(circuit, deps, tally);
  const ending = await scanQuarantine(recovery, Math.min(endsAtMs, clock.now() + RUN_MS), deps);
  recovery.leave();
  return answer(tally, ending, recovery.circuit);
}

function answer(
  tally: RunReportBuilder,
  ending: Parameters<RunReportBuilder['report']>[0],
  circuit?: CircuitBreakerRow,
): RedriveResult {
  const state = circuit === undefined ? {} : ({ circuit: circuit.state === 'OPEN' ? 'open' : 'closed' } as const);
  return { kind: 'recover', ...state, ...tally.report(ending) };
}

async function readCircuit({
  circuitBreaker: circuit,
  clock,
  limits,
}: RecoverDependencies): Promise<CircuitBreakerRow | Unavailable> {
  const read = await circuit.read();
  if (read.kind === 'unavailable') return read;
  return readCircuitBreaker(read.kind === 'stored' ? read.stored : undefined, clock.now(), limits).row;
}

/** One run: a probe first, if the circuit is open; then whatever may go. */
class Recovery implements BatchHandler {
  readonly #deps: RecoverDependencies;
  readonly #tally: RunReportBuilder;
  readonly #mover: MessageMover;
  #circuit: CircuitBreakerRow;
  #lookedAtMs: number;
  /** What may go once the circuit is closed. */
  #waiting: QuarantinedEvent[] = [];

  constructor(circuit: CircuitBreakerRow, deps: RecoverDependencies, tally: RunReportBuilder) {
    this.#circuit = circuit;
    this.#deps = deps;
    this.#tally = tally;
    this.#mover = new MessageMover(deps, tally, deps.limits.recoveryRatePerSecond);
    this.#lookedAtMs = deps.clock.now();
  }

  /** The circuit as it was looked at last. */
  get circuit(): CircuitBreakerRow {
    return this.#circuit;
  }

  async onBatch(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    const ready = await this.#select(events);
    if (this.#circuit.state === 'CLOSED') return this.#move(ready, hold);
    this.#waiting.push(...ready);
    const untried = this.#waiting.find(({ reason }) => reason === 'circuit_open');
    const probe = untried ?? (this.#waiting.length >= PROBE_CHOICE_MAX ? this.#waiting[0] : undefined);
    return probe === undefined ? 'go_on' : this.#probe(probe, hold);
  }

  async atEnd(hold: HeldMessages): Promise<ScanStep> {
    const [probe] = this.#waiting;
    return probe === undefined ? 'go_on' : this.#probe(probe, hold);
  }

  /** What is still waiting for a probe stays. */
  leave(): void {
    this.#tally.skip(this.#waiting, 'run_ended');
    this.#waiting = [];
  }

  /** Those that may go; of the others it is told why not. */
  async #select(events: readonly QuarantinedEvent[]): Promise<QuarantinedEvent[]> {
    const { clock, limits, store } = this.#deps;
    const rules = await RecoveryRules.read(events, outagesOf(this.#circuit), { clock, limits, store });
    return events.filter((event) => {
      const why = this.#tally.arrivedDuringRun(event) ? 'arrived_during_run' : rules.skipCauseOf(event);
      if (why !== undefined) this.#tally.skip([event], why);
      return why === undefined;
    });
  }

  #move(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    return this.#mover.move(events, hold, () => this.#lookAgain());
  }

  /** Sends one event back, and the others after it if the CRM takes it. */
  async #probe(probe: QuarantinedEvent, hold: HeldMessages): Promise<ScanStep> {
    const { quarantine, deliveryQueue } = this.#deps;
    const others = this.#waiting.filter((event) => event !== probe);
    this.#waiting = [];
    const outgoing = [{ event: probe, envelope: probe.held.message }];
    const { sent, notSent, cause } = await forward(outgoing, deliveryQueue, { quarantine, hold, tally: this.#tally });
    this.#tally.add(sent, 'moved');
    this.#tally.skip(notSent, 'not_sent');
    const verdict = sent.length === 0 ? stopped('unavailable', cause) : await this.#waitForClosing(hold);
    if (verdict === 'go_on') return this.#move(others, hold);
    this.#tally.skip(others, 'circuit_open');
    return verdict;
  }

  async #waitForClosing(hold: HeldMessages): Promise<ScanStep> {
    const { clock, sleep } = this.#deps;
    const untilMs = Math.min(hold.workUntilMs, clock.now() + PROBE_WAIT_MS);
    while (clock.now() + PROBE_LOOK_MS <= untilMs) {
      await sleep.for(PROBE_LOOK_MS);
      const verdict = await this.#look();
      if (verdict === 'go_on' || verdict.stoppedBecause !== 'circuit_open') return verdict;
    }
    return stopped('circuit_open');
  }

  async #lookAgain(): Promise<ScanStep> {
    return this.#deps.clock.now() - this.#lookedAtMs < CIRCUIT_LOOK_MS ? 'go_on' : this.#look();
  }

  /** Goes on while the circuit is closed. */
  async #look(): Promise<ScanStep> {
    const read = await readCircuit(this.#deps);
    if ('kind' in read) return stopped('unavailable', read.cause);
    this.#circuit = read;
    this.#lookedAtMs = this.#deps.clock.now();
    return read.state === 'CLOSED' ? 'go_on' : stopped('circuit_open');
  }
}
