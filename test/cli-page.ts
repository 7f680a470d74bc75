// docs/cli.md from the real command tree; no command runs.
import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { commandTree } from '../src/cli/command-tree.ts';
import { buildProgram } from '../src/cli/program.ts';
import { renderReference } from '../src/cli/reference.ts';
import { Terminal } from '../src/cli/terminal.ts';

export async function makeCliPage(): Promise<string> {
  const terminal = new Terminal({ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() });
  const program = buildProgram(
    {
      terminal,
      signal: new AbortController().signal,
      now: () => 0,
      rosterd: () => Promise.reject(new Error('the page needs no installation')),
      setExit: () => undefined,
      sayStopInLog: () => undefined,
      endNow: () => undefined,
    },
    '0.0.0',
  );
  return renderReference(commandTree(program), await jsonShapes());
}

/** Of all files that have shapes, without what stands before the first one. */
async function jsonShapes(): Promise<string> {
  const shapes: string[] = [];
  for (const file of ['json.ts', 'json-findings.ts', 'json-sources.ts']) {
    const text = await readFile(new URL(`../src/cli/${file}`, import.meta.url), 'utf8');
    shapes.push(text.slice(text.search(/^(?:\/\*\*[^\n]*\n)?export interface/mu)).trim());
  }
  return shapes.join('\n\n');
}
