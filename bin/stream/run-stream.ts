/** `npm run stream` with everything around it as an argument. */
import { exitCodeOf } from '../../cli/command.ts';
import { applyIntegration, planIntegration, showIntegration } from './commands/event-bus.ts';
import { rotateStreamSecret } from './commands/rotate.ts';
import { testEvents } from './commands/test.ts';
import { applyWebhook, deleteStream, listStreams, planWebhook, showStream } from './commands/webhook.ts';
import { type CommandName, readStreamRequest, type StreamOptions } from './options.ts';
import { streamFileSchema } from './stream-file.ts';
import type { CliContext } from './surroundings.ts';

type Command = (options: StreamOptions, around: CliContext) => number | Promise<number>;

/** Commands, by transport if they differ. */
const COMMANDS: Readonly<Record<CommandName, Command>> = {
  plan: (options, around) => by(options, planWebhook, planIntegration)(options, around),
  apply: (options, around) => by(options, applyWebhook, applyIntegration)(options, around),
  show: (options, around) => by(options, showStream, showIntegration)(options, around),
  list: listStreams,
  delete: deleteStream,
  'rotate-secret': rotateStreamSecret,
  test: testEvents,
  schema: (_, around) => {
    around.out(JSON.stringify(streamFileSchema(), undefined, 2));
    return 0;
  },
};

function by({ transport }: StreamOptions, webhook: Command, eventBus: Command): Command {
  return transport === 'webhook' ? webhook : eventBus;
}

/**
 * Returns the exit code: 0 done, 1 not done, 2 wrong options. Of a UserError only the message is
 * printed.
 */
export function runStream(args: readonly string[], around: CliContext): Promise<number> {
  return exitCodeOf(
    () => readStreamRequest(args),
    ({ command, options }) => COMMANDS[command](options, around),
    around,
  );
}
