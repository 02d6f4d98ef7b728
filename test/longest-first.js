/**
 * The order of the test files: what takes a minute first. Jest knows no durations on a fresh clone
 * and begins with the largest files; of those that run whole pipelines some are the smallest, and
 * one of them would run by itself at the end.
 */
import Sequencer from '@jest/test-sequencer';

/** The longest, in this order; by the beginning of what follows `test/`. */
const LONGEST = [
  'pipeline/kill.',
  'crash/',
  'pipeline/outage.',
  'simulation/',
  'lib/app.',
  'pipeline/',
  'local/start.',
  'lib/',
  'fuzz/',
];

/** Sorts the longest to the front, and leaves the others to Jest. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
}

function rank({ path }) {
  const found = LONGEST.findIndex((beginning) => path.replaceAll('\\', '/').includes(`/test/${beginning}`));
  return found === -1 ? LONGEST.length : found;
}
