/** The command to run next, printed so that it works unchanged. */
import { quoted } from '../../cli/shell.ts';
import { type CommandName, STREAM_FILE, type StreamOptions, specOf } from './options.ts';

/**
 * `npm run stream -- …` for the same Genesys Cloud, pipeline and stream: with what was given of
 * them, as far as `command` takes it. What came from the environment still does.
 */
export function nextCommand(command: CommandName, options: StreamOptions, flags: readonly string[] = []): string {
  const { takes, options: taken } = specOf(command);
  const { name, transport, region, api, stack, file } = options;
  const given = [
    ['transport', transport === 'webhook' ? undefined : transport],
    ['region', region],
    ['api', api],
    ['stack', stack],
    ['file', file === STREAM_FILE ? undefined : file],
  ] as const;
  const carried = given.flatMap(([option, value]) =>
    value === undefined || !taken.includes(option) ? [] : [`--${option}`, quoted(value)],
  );
  const named = takes === '' || name === undefined ? [] : [quoted(name)];
  return ['npm run stream --', command, ...named, ...flags, ...carried].join(' ');
}
