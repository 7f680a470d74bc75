// The process: hands streams, signals and the composition root to the command line, and ends with its exit code.

import { readFileSync } from 'node:fs';
import { keepCompiledCode } from './compile-cache.ts';

// Everything else is loaded after it.
keepCompiledCode();
const { runCli } = await import('./cli/run-cli.ts');

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// Not process.exit: what is still in the pipe must be written first.
process.exitCode = await runCli(process.argv.slice(2), {
  streams: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
  signals: process,
  endNow: (code) => process.exit(code),
  now: () => Date.now(),
  version,
  // Loaded when a command needs it: --help and completion must answer at once.
  rosterd: async () => (await import('./compose.ts')).createRosterd(version),
});
