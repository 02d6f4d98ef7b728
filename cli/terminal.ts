/** What the local pipeline says on the terminal. */

/** One line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line about something that happened while running, with its time. */
export function printNow(line: string): void {
  print(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
}
