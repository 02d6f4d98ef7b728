import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkCondition } from '../../../bin/stream/condition/checks.ts';
import { type Condition, formatCondition } from '../../../bin/stream/condition/condition.ts';
import { underline } from '../../../bin/stream/condition/excerpt.ts';
import { matchCondition } from '../../../bin/stream/condition/match.ts';
import { parseCondition } from '../../../bin/stream/condition/parser.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

function read(text: string): Condition {
  const parsed = parseCondition(text);
  if (parsed.kind === 'problem') throw new Error(parsed.problem.message);
  return parsed.condition;
}

/** The condition without what only its text has: positions, and whether quotes were left out. */
function bare(condition: Condition): unknown {
  if (condition.kind !== 'comparison') return { [condition.kind]: condition.operands.map(bare) };
  return [condition.field, condition.operator, condition.literal];
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,8}$/).filter((text) => !['and', 'or', 'not'].includes(text));
const field = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('.'));
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((value) => !/\p{Cc}|^([*%?]+|\.[*+])$/u.test(value));
const span = { start: 0, end: 0 };
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1_000, max: 1_000 }).map((value) => value / 4),
);
const comparison: fc.Arbitrary<Condition> = fc
  .oneof(
    fc.record({ operator: fc.constant('eq' as const), literal: fc.oneof(text, number, fc.boolean()) }),
    fc.record({ operator: fc.constant('contains' as const), literal: text }),
    fc.record({
      operator: fc.constant('gt' as const),
      literal: fc.oneof(
        number,
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((at) => at.toISOString()),
      ),
    }),
  )
  .chain((rest) => field.map((given) => ({ kind: 'comparison' as const, field: given, bare: false, span, ...rest })));

const { condition } = fc.letrec<{ condition: Condition; joined: Condition }>((tie) => ({
  condition: fc.oneof({ maxDepth: 4, withCrossShrink: true }, comparison, tie('joined')),
  joined: fc.record({
    kind: fc.constantFrom('and' as const, 'or' as const),
    operands: fc.array(tie('condition'), { minLength: 2, maxLength: 4 }),
  }),
}));

describe('a routing condition', () => {
  it('that is written and read again is the same', () => {
    fc.assert(
      fc.property(condition, (given) => {
        expect(bare(read(formatCondition(given)))).toEqual(bare(given));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["eventType eq 'interaction.created' and interaction.type eq 'voice'"],
    ['eventType eq "interaction.created" and interaction.type eq "voice"'],
  ])('takes texts in single and in double quotes: %s', (given) => {
    expect(bare(read(given))).toEqual({
      and: [
        ['eventType', 'eq', 'interaction.created'],
        ['interaction.type', 'eq', 'voice'],
      ],
    });
  });

  it('is read, or refused with a place in its text, whatever it is', () => {
    const words = fc.array(
      fc.oneof(
        fc.constantFrom('(', ')', 'and', 'or', 'eq', 'contains', 'gt', 'a', '"x"', "'", '\\', '*', '3'),
        fc.string(),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(words, (parts) => {
        const given = parts.join(' ');
        const parsed = parseCondition(given);
        if (parsed.kind === 'condition') return;
        expect(parsed.problem.start).toBeLessThan(parsed.problem.end);
        expect(parsed.problem.start).toBeLessThanOrEqual(given.length);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      'a eq 1 and b eq 2 or c eq 3',
      {
        or: [
          {
            and: [
              ['a', 'eq', 1],
              ['b', 'eq', 2],
            ],
          },
          ['c', 'eq', 3],
        ],
      },
    ],
    [
      'a eq 1 and (b eq 2 or c eq 3)',
      {
        and: [
          ['a', 'eq', 1],
          {
            or: [
              ['b', 'eq', 2],
              ['c', 'eq', 3],
            ],
          },
        ],
      },
    ],
    ['((a.b eq true))', ['a.b', 'eq', true]],
    [
      'a eq "it\\\'s" or a contains "\\\\"',
      {
        or: [
          ['a', 'eq', "it's"],
          ['a', 'contains', '\\'],
        ],
      },
    ],
    ['a gt -1.5', ['a', 'gt', -1.5]],
    [
      'a gt 0.5 or a eq 0',
      {
        or: [
          ['a', 'gt', 0.5],
          ['a', 'eq', 0],
        ],
      },
    ],
    ['eventType eq interaction.created', ['eventType', 'eq', 'interaction.created']],
    ['a\teq\n"(x)"', ['a', 'eq', '(x)']],
  ])('%s', (given, expected) => {
    expect(bare(read(given))).toEqual(expected);
  });

  it.each([
    ['', '', '^', /empty/],
    ['   ', '   ', '^^^', /empty/],
    [' * ', ' * ', ' ^', /a wildcard is no condition/],
    [
      'eventType like "x"',
      'eventType like "x"',
      '          ^^^^',
      /unknown operator like: there are eq, contains and gt$/,
    ],
    ['a == 1', 'a == 1', '  ^^', /unknown operator ==/],
    ['a EQ 1', 'a EQ 1', '  ^^', /in lower case: eq/],
    ['a eq', 'a eq', '    ^', /a value is missing after eq/],
    ['a', 'a', ' ^', /an operator is missing/],
    ['a eq 1 b eq 2', 'a eq 1 b eq 2', '       ^', /and or or must stand between/],
    ['a eq 1 and', 'a eq 1 and', '          ^', /a comparison is missing/],
    ['or a eq 1', 'or a eq 1', '^^', /a comparison is missing before or/],
    ['not a eq 1', 'not a eq 1', '^^^', /there is no not/],
    ['(a eq 1', '(a eq 1', '^', /no \) for this \(/],
    ['a eq 1)', 'a eq 1)', '      ^', /no \( for this \)/],
    ['a eq "x', 'a eq "x', '     ^^', /not closed/],
    ['a eq "x\\n"', 'a eq "x\\n"', '       ^^', /can follow a backslash/],
    ['a eq "x\ty"', 'a eq "x y"', '       ^', /control character/],
    ['a eq "x\u009by"', 'a eq "x y"', '       ^', /control character/],
    ['a eq x\u001b[2Jy', 'a eq x [2Jy', '      ^', /^a control character cannot stand here$/],
    ['a eq "*"', 'a eq "*"', '     ^^^', /a wildcard/],
    ['* eq 1', '* eq 1', '^', /a wildcard is no field/],
    ['a..b eq 1', 'a..b eq 1', '^^^^', /not the name of a field/],
    ['a contains ""', 'a contains ""', '           ^^', /every text contains/],
    ['a contains 3', 'a contains 3', '           ^', /write "3"/],
    ['a eq 007', 'a eq 007', '     ^^^', /^a number has no zeros before it: write 7, or the text "007"$/],
    ['a gt -00.5', 'a gt -00.5', '     ^^^^^', /write -0\.5, or the text "-00\.5"$/],
    ['a eq null', 'a eq null', '     ^^^^', /^there is no null: a "text", a number, true or false must stand here$/],
    ['a gt "soon"', 'a gt "soon"', '     ^^^^^^', /gt compares numbers, and times/],
    ['a gt true', 'a gt true', '     ^^^^', /gt compares numbers/],
    [
      `${'('.repeat(41)}a eq 1${')'.repeat(41)}`,
      `${'('.repeat(41)}a eq 1${')'.repeat(41)}`,
      `${' '.repeat(40)}^`,
      /more than 40/,
    ],
  ])('%j is refused, with the place underlined', (given, line, carets, message) => {
    const parsed = parseCondition(given);
    if (parsed.kind === 'condition') throw new Error('was read');
    expect(parsed.problem.message).toMatch(message);
    expect(underline(given, parsed.problem, '').replace(/\s+$/, '')).toBe(`${line}\n${carets}`);
  });
});

describe('a condition that defeats filtering at the source', () => {
  it.each([
    ['eventType contains "interaction."', []],
    ['eventType contains "in"', ['broad: "in" is in nearly every text, so that nearly every event passes']],
    ['a gt -1', ['broad: nearly every number is above -1, so that nearly every event passes']],
    [
      't gt "2026-05-31T00:00:00Z"',
      ['broad: every new event is later than 2026-05-31T00:00:00Z, so that nearly every event passes'],
    ],
    ['t gt "2026-06-02T00:00:00Z"', []],
    // An or is as broad as its broadest operand, an and as its narrowest.
    ['a eq 1 or b contains "x"', ['broad: "x" is in nearly every text, so that nearly every event passes']],
    ['a eq 1 and b contains "x"', []],
    ['a eq x', ['a text without quotes: write "x"']],
    ['a eq "interaction.*"', ['there are no wildcards: * is compared as it stands']],
    [
      Array.from({ length: 21 }, (_, index) => `a eq ${index}`).join(' or '),
      ['complex: 21 comparisons (more than 20); write several rules'],
    ],
    [
      '(a eq 1 or (a eq 1 and (a eq 1 or (a eq 1 and (a eq 1 or (a eq 1 and a eq 2))))))',
      ['complex: nested 6 deep (more than 5); write several rules'],
    ],
  ])('%s', (given, messages) => {
    expect(checkCondition(read(given), NOW).map(({ message }) => message)).toEqual(messages);
  });
});

describe('an event meets a condition', () => {
  const event = {
    eventType: 'interaction.created',
    eventTimestamp: '2026-01-31T09:30:00Z',
    sentMs: NOW,
    interaction: { type: 'voice', tags: ['vip', 'new'], seconds: 12, ended: false, to: null },
  };

  it.each([
    ['eventType eq "interaction.created"', true],
    ['eventType eq "interaction"', false],
    ['eventType contains "created"', true],
    ['interaction.tags contains "vip"', true],
    ['interaction.tags contains "vi"', false],
    ['interaction.seconds gt 11', true],
    ['interaction.seconds gt 12', false],
    ['interaction.seconds eq "12"', false],
    ['interaction.ended eq false', true],
    ['interaction.to contains "null"', false],
    ['interaction.toString eq "x" or constructor eq "x"', false],
    ['eventTimestamp gt "2026-01-31T10:29:59+01:00"', true],
    ['eventTimestamp gt "2026-01-31T09:30:00Z"', false],
    ['sentMs gt "2026-05-31T23:59:59Z"', true],
    ['eventType gt 3', false],
    ['a eq 1 or interaction.type eq "voice" and eventType contains "created"', true],
    ['(a eq 1 or interaction.type eq "voice") and eventType contains "ended"', false],
  ])('%s: %s', (given, matches) => {
    expect(matchCondition(read(given), event).matches).toBe(matches);
  });

  it('and every comparison says why', () => {
    const { comparisons } = matchCondition(read('missing.field eq 1 and interaction.type eq "chat"'), event);
    expect(comparisons.map(({ matches, why }) => [matches, why])).toEqual([
      [false, 'the event has no such field'],
      [false, 'it is "voice"'],
    ]);
  });

  it('or not as the operators combine, for every condition', () => {
    fc.assert(
      fc.property(condition, condition, (a, b) => {
        const both = matchCondition({ kind: 'and', operands: [a, b] }, event).matches;
        const either = matchCondition({ kind: 'or', operands: [a, b] }, event).matches;
        const [first, second] = [matchCondition(a, event).matches, matchCondition(b, event).matches];
        expect([both, either]).toEqual([first && second, first || second]);
      }),
    );
  });
});
