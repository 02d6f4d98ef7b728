/**
 * Ends a command without a stack trace when its output cannot be written. Each command imports this
 * for its effect, before anything else.
 */
import { messageOf } from './user-error.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has read enough, as `head` does: nothing is wrong.
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`Standard output cannot be written: ${messageOf(error)}\n`);
  process.exit(1);
});

process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  // Other errors of stderr cannot be reported; let stdout finish.
  if (error.code === 'EPIPE') process.exit();
});
