import { describe, expect, it } from '@jest/globals';
import { exitCodeOf, HelpRequested, npmCommand, parseArguments, WrongOption, wholeNumber } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';

const command = () =>
  npmCommand('sample')
    .description('Does something.')
    .argument('[name]')
    .option('-c, --count <n>', 'how many', wholeNumber(1, 10))
    .option('--file <path>', 'from this file')
    .option('--dry-run', 'change nothing');

const parse = (...argv: string[]) => parseArguments(command(), argv);

describe('a command', () => {
  it('has its options and arguments', () => {
    const { args } = parse('a', '-c', '3', '--dry-run');
    expect(args).toEqual(['a']);
    expect(parse('a', '--count=3', '--dry-run').opts()).toEqual({ count: 3, dryRun: true });
  });

  it.each([
    [['--cuont', '3'], "Unknown option '--cuont'. Did you mean --count? (npm run sample -- --help lists the options)"],
    [['a', 'b'], "Unexpected argument 'b' (npm run sample -- --help lists the options)"],
    [['-c', '11'], '--count 11: must be a whole number from 1 to 10 (npm run sample -- --help lists the options)'],
    [['--count', '-1'], '--count -1: must be a whole number from 1 to 10 (npm run sample -- --help lists the options)'],
    [['--count'], "Option '-c, --count <n>' argument missing (npm run sample -- --help lists the options)"],
    [['--file', '--dry-run'], "Option '--file <path>' argument missing (npm run sample -- --help lists the options)"],
  ])('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(new UserError(message));
  });

  it('returns its help without printing it', () => {
    expect(() => parse('--help')).toThrow(HelpRequested);
    expect(() => parse('--help')).toThrow(/^Usage: npm run sample -- \[options\] \[name\]\n\nDoes something\.\n/);
  });
});

describe('the exit code', () => {
  const fail = (error: Error) => () => {
    throw error;
  };

  it.each([
    ['what the command returns', () => 'request', () => 3, 3, [], []],
    ['0 for help', fail(new HelpRequested('the help')), () => 3, 0, ['the help'], []],
    ['2 for wrong options', fail(new UserError('no such option')), () => 3, 2, [], ['no such option']],
    ['2 for an option found wrong later', () => '', fail(new WrongOption('no such region')), 2, [], ['no such region']],
    ['1 for any other user error', () => '', fail(new UserError('no pipeline runs')), 1, [], ['no pipeline runs']],
  ])('is %s', async (_, read, run, code, outputs, notes) => {
    const printed: { out: string[]; note: string[] } = { out: [], note: [] };
    const output = { out: (text: string) => printed.out.push(text), note: (text: string) => printed.note.push(text) };
    await expect(exitCodeOf(read, run, output)).resolves.toBe(code);
    expect(printed).toEqual({ out: outputs, note: notes });
  });

  it('is left to Node for a bug', async () => {
    const output = { out: () => undefined, note: () => undefined };
    await expect(exitCodeOf(fail(new TypeError('a bug')), () => 0, output)).rejects.toThrow('a bug');
  });
});
