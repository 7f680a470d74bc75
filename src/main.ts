// The process: hands streams, signals and the composition root to the command line, and ends with its exit code.

import { readFileSync } from 'node:fs';
import { keepCompiledCode } from './compile-cache.ts';

// Everything else is loaded after it.
keepCompiledCode();
const { runCli } = await import('./cli/run-cli.ts');
const { Terminal } = await import('./cli/terminal.ts');
const { endNow } = await import('./end-now.ts');

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const terminal = new Terminal({ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr });
const code = await runCli(process.argv.slice(2), {
  terminal,
  signals: process,
  endNow,
  now: () => Date.now(),
  version,
  // Loaded when a command needs it: --help and completion must answer at once.
  rosterd: async () => (await import('./compose.ts')).createRosterd(version),
});

/** What still keeps the process after this long does so for ever: a thread that reads a file of a mount that does not answer. */
const lingerMs = 1_000;

// Not process.exit: what is still in the pipe must be written first.
process.exitCode = code;
setInterval(() => {
  if (terminal.isTaken) endNow(code);
}, lingerMs).unref();
