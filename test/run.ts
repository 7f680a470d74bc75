// `npm test`: the checks, then every vitest project (arguments are handed to vitest).
// Invariant: the last line is exactly `N passed, N failed[, N skipped]`, and it agrees with the exit code.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { missingParts, sayMissing } from './lab/machine.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

const root = join(import.meta.dirname, '..');
const folder = await mkdtemp(join(tmpdir(), 'rosterd-test-'));
const reportPath = join(folder, 'report.json');

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function readReport(): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(reportPath, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

const checkCode = await run('npm', ['run', '--silent', 'check']);

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const vitestCode = await run(process.execPath, [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportPath}`,
  ...process.argv.slice(2),
]);

const report = await readReport();
await rm(folder, { recursive: true, force: true });

for (const part of missingParts()) console.log(`Left out: ${sayMissing(part)}`);
if (checkCode !== 0) console.log('`npm run check` failed (see the top of this output); it counts as one failure.');

const passed = report?.numPassedTests ?? 0;
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
const testFailures = report?.numFailedTests ?? 0;
// A file that does not load, or an error outside a test, fails the run without failing any test.
const vitestFailures = vitestCode === 0 ? testFailures : Math.max(1, testFailures);
const failed = vitestFailures + (checkCode === 0 ? 0 : 1);
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
