/** `npm run stream` with everything around it as an argument. */
import { UserError } from '../../cli/user-error.ts';
import { applyIntegration, planIntegration, showIntegration } from './commands/event-bus.ts';
import { rotateStreamSecret } from './commands/rotate.ts';
import { testEvents } from './commands/test.ts';
import { applyWebhook, deleteStream, listStreams, planWebhook, showStream } from './commands/webhook.ts';
import { type CommandName, readStreamRequest, STREAM_HELP, type StreamOptions } from './options.ts';
import { streamFileSchema } from './stream-file.ts';
import type { CliContext } from './surroundings.ts';
import { WrongOption } from './wrong-option.ts';

type Command = (options: StreamOptions, around: CliContext) => number | Promise<number>;

/** What does the work, by transport where it matters. */
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

/** Answers the exit code: 0 done, 1 not done, 2 wrong options. What the user has to put right is told in its message alone. */
export async function runStream(args: readonly string[], around: CliContext): Promise<number> {
  let request: ReturnType<typeof readStreamRequest>;
  try {
    request = readStreamRequest(args);
  } catch (error) {
    return refuse(error, 2, around);
  }
  if (request.kind === 'help') {
    around.out(STREAM_HELP.trimEnd());
    return 0;
  }
  try {
    return await COMMANDS[request.command](request.options, around);
  } catch (error) {
    return refuse(error, error instanceof WrongOption ? 2 : 1, around);
  }
}

function refuse(error: unknown, code: number, around: CliContext): number {
  if (!(error instanceof UserError)) throw error;
  around.note(error.message);
  return code;
}
