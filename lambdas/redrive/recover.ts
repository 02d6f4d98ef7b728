/**
 * After an outage of the CRM returns what the outage put into quarantine, at a rate that a CRM
 * which has just come back can bear. With no traffic to find out whether the CRM is back, one
 * waiting event is the probe.
 */
import { type CircuitBreakerRow, lastSuccessMs, readCircuitBreaker, stateOf } from '../domain/crm/circuit-breaker.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { CircuitBreakerStore, QuarantineEntry, Unavailable } from '../ports.ts';
import { type FindDependencies, hasRecoverable } from './find-recoverable.ts';
import { forward } from './forward.ts';
import type { HeldMessages } from './held-messages.ts';
import { MessageMover, type MoveDependencies, outgoingEvent } from './move-messages.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';
import { entriesOf, judge, type RecoveryContext, readContacts, type Verdict } from './recovery-rules.ts';
import { RunReportBuilder, stopped } from './run-report.ts';
import { type BatchHandler, type ScanDependencies, type ScanStep, scanQuarantine } from './scan-quarantine.ts';

/** Ports and settings of recovery. */
export interface RecoverDependencies extends ScanDependencies, MoveDependencies, FindDependencies {
  readonly circuitBreaker: Pick<CircuitBreakerStore, 'read'>;
}

/**
 * Less than the schedule's minute: two runs side by side would be twice as fast as they may be. The
 * last 6 s are for releasing what is held (held-messages.ts), so that events move for 50 s of each
 * minute.
 */
const RUN_MS = 56_000;
/** Interval of reads of the circuit breaker while events are moved, and during a probe. */
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
  if (counted.visible + counted.inFlight === 0) return answer(tally, { reachedEnd: true });
  const circuit = await readCircuit(deps);
  if ('kind' in circuit) return answer(tally, stopped('unavailable', circuit.cause));
  if (['open', 'paused'].includes(stateOf(circuit, clock.now())))
    return answer(tally, stopped('circuit_open'), circuit);
  if (!(await hasRecoverable(circuit, counted.visible + counted.inFlight, deps)))
    return answer(tally, { reachedEnd: true }, circuit);
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

/**
 * One run. A probe first, if the circuit breaker is open; a trial, if no call is known to succeed;
 * then all that may go.
 */
class Recovery implements BatchHandler {
  readonly waitsForHeld = true;
  readonly #deps: RecoverDependencies;
  readonly #tally: RunReportBuilder;
  readonly #mover: MessageMover;
  #circuit: CircuitBreakerRow;
  #lookedAtMs: number;
  /** Events that may go once the probe or the trial has succeeded. */
  #waiting: QuarantinedEvent[] = [];
  #isTrialMade = false;

  constructor(circuit: CircuitBreakerRow, deps: RecoverDependencies, tally: RunReportBuilder) {
    this.#circuit = circuit;
    this.#deps = deps;
    this.#tally = tally;
    this.#mover = new MessageMover(deps, tally, deps.limits.recoveryRatePerSecond, { by: 'recovery' });
    this.#lookedAtMs = deps.clock.now();
  }

  /** The circuit breaker as it was read last. */
  get circuit(): CircuitBreakerRow {
    return this.#circuit;
  }

  async onBatch(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    const { ready, unproven } = await this.#select(events);
    if (this.#circuit.state === 'CLOSED') {
      const step = await this.#move(ready, hold);
      return step === 'go_on' && unproven.length > 0 ? this.#tryOne(unproven, hold) : step;
    }
    this.#waiting.push(...ready, ...unproven);
    const untried = this.#waiting.find(({ reason }) => reason === 'circuit_open');
    const probe = untried ?? (this.#waiting.length >= PROBE_CHOICE_MAX ? this.#waiting[0] : undefined);
    return probe === undefined ? 'go_on' : this.#probe(probe, hold);
  }

  async atEnd(hold: HeldMessages): Promise<ScanStep> {
    const [probe] = this.#waiting;
    return probe === undefined ? 'go_on' : this.#probe(probe, hold);
  }

  /** Events that still wait for a probe stay. */
  leave(): void {
    this.#tally.skip(this.#waiting, 'run_ended');
    this.#waiting = [];
  }

  /**
   * Those that may go, and those for which no call is known to have succeeded. Records why the
   * others stay.
   */
  async #select(events: readonly QuarantinedEvent[]) {
    const { clock, limits, store } = this.#deps;
    const entries = await entriesOf(events, store);
    const context = {
      circuit: this.#circuit,
      contacts: await readContacts(entries, store),
      nowMs: clock.now(),
      limits,
    };
    const ready: QuarantinedEvent[] = [];
    const unproven: QuarantinedEvent[] = [];
    entries.forEach((entry, position) => {
      const event = events[position] as QuarantinedEvent;
      const verdict = this.#tally.arrivedDuringRun(event) ? 'arrived_during_run' : this.#judge(event, entry, context);
      if (verdict === 'return') ready.push(event);
      else if (verdict === 'trial') unproven.push(event);
      else this.#tally.skip([event], verdict);
    });
    return { ready, unproven };
  }

  /** Leaves what cannot carry the count of its returns: nothing would end them. */
  #judge(event: QuarantinedEvent, entry: QuarantineEntry, context: RecoveryContext): Verdict {
    const verdict = judge(entry, context);
    if (verdict !== 'return' && verdict !== 'trial') return verdict;
    const isCountable = outgoingEvent(event, { by: 'recovery' }, context.nowMs) !== undefined;
    return isCountable ? verdict : 'needs_a_person';
  }

  #move(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    return this.#mover.move(events, hold, () => this.#lookAgain());
  }

  /** With the circuit breaker closed: one event a run finds out whether the CRM works. */
  async #tryOne([trial, ...others]: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    if (trial === undefined) return 'go_on';
    if (this.#isTrialMade) {
      this.#tally.skip([trial, ...others], 'no_success_since');
      return 'go_on';
    }
    this.#isTrialMade = true;
    const successBeforeMs = lastSuccessMs(this.#circuit);
    const sent = await this.#sendBack(trial, hold);
    const step =
      sent === 'go_on' ? await this.#waitUntil(() => lastSuccessMs(this.#circuit) > successBeforeMs, hold) : sent;
    if (step === 'go_on') return this.#move(others, hold);
    this.#tally.skip(others, 'no_success_since');
    // Others may be ready, unless something is wrong.
    return step === 'not_yet' ? 'go_on' : step;
  }

  /** Sends one event back, and the others after it if the CRM takes it. */
  async #probe(probe: QuarantinedEvent, hold: HeldMessages): Promise<ScanStep> {
    const others = this.#waiting.filter((event) => event !== probe);
    this.#waiting = [];
    const sent = await this.#sendBack(probe, hold);
    const step = sent === 'go_on' ? await this.#waitUntil(() => this.#circuit.state === 'CLOSED', hold) : sent;
    if (step === 'go_on') return this.#move(others, hold);
    this.#tally.skip(others, 'circuit_open');
    return step === 'not_yet' ? stopped('circuit_open') : step;
  }

  async #sendBack(event: QuarantinedEvent, hold: HeldMessages): Promise<ScanStep> {
    const { quarantine, deliveryQueue, clock } = this.#deps;
    const outgoing = [outgoingEvent(event, { by: 'recovery' }, clock.now())].filter((one) => one !== undefined);
    const { sent, notSent, cause } = await forward(outgoing, deliveryQueue, { quarantine, hold, tally: this.#tally });
    this.#tally.add(sent, 'moved');
    this.#tally.skip(notSent, 'not_sent');
    return sent.length === 0 ? stopped('unavailable', cause) : 'go_on';
  }

  /** Reads the circuit breaker's row until it says so, or for as long as one attempt takes. */
  async #waitUntil(isSo: () => boolean, hold: HeldMessages): Promise<ScanStep | 'not_yet'> {
    const { clock, sleep } = this.#deps;
    const untilMs = Math.min(hold.workUntilMs, clock.now() + PROBE_WAIT_MS);
    while (clock.now() + PROBE_LOOK_MS <= untilMs) {
      await sleep.for(PROBE_LOOK_MS);
      const step = await this.#look();
      if (step !== 'go_on' && step.stoppedBecause !== 'circuit_open') return step;
      if (isSo()) return 'go_on';
    }
    return 'not_yet';
  }

  async #lookAgain(): Promise<ScanStep> {
    return this.#deps.clock.now() - this.#lookedAtMs < CIRCUIT_LOOK_MS ? 'go_on' : this.#look();
  }

  /** Goes on while the circuit breaker is closed. */
  async #look(): Promise<ScanStep> {
    const read = await readCircuit(this.#deps);
    if ('kind' in read) return stopped('unavailable', read.cause);
    this.#circuit = read;
    this.#lookedAtMs = this.#deps.clock.now();
    return read.state === 'CLOSED' ? 'go_on' : stopped('circuit_open');
  }
}
