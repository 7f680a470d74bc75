// docs/errors.md: every error code and every finding code with what to do, made from the catalogues in src/model.
import { type ErrorCode, errorCatalogue, type Fault, type Recovery } from '../src/model/errors.ts';
import { findingCodes } from '../src/model/finding.ts';

const whose: Readonly<Record<Fault, string>> = {
  config: 'the configuration',
  source: 'the source',
  network: 'the network',
  store: 'the store',
  operator: 'the request',
  rosterd: 'rosterd',
};

const next: Readonly<Record<Recovery, string>> = {
  retry: 'tries again, in this run or the next',
  resume: 'goes on where it ended, at the next run',
  resync: 'reads everything again',
  skip: 'leaves this one out and goes on',
  hold: 'waits for a person',
  stop: 'stops and changes nothing',
};

const exits: readonly (readonly [number, string])[] = [
  [0, 'done'],
  [2, 'a dry run that found changes'],
  [3, 'something is held, or would be'],
  [4, 'the configuration or the request is wrong'],
  [5, 'a source failed, or its read was partial'],
  [6, 'the store failed, or is in use'],
  [70, 'a fault of rosterd'],
];

// A bar would end the cell.
const cell = (text: string): string => text.replaceAll('|', '\\|');

function errorSection(code: ErrorCode): string {
  const { fault, recovery, http, exit, advice } = errorCatalogue[code];
  return [
    `### ${code}`,
    '',
    advice,
    '',
    `To mend: ${whose[fault]}. rosterd ${next[recovery]}. Exit code ${exit}, HTTP status ${http}.`,
    '',
  ].join('\n');
}

/** The whole page. */
export function makeErrorsPage(): string {
  const codes = Object.keys(errorCatalogue) as ErrorCode[];
  return [
    '# Errors and findings',
    '',
    '<!-- Made from src/model/errors.ts and src/model/finding.ts by `npm run fix`. Do not edit. -->',
    '',
    'An error ends what was asked for. It says what happened and to what; this page says what to do. A finding is something about',
    'one record or user that a person should look at: the run goes on, and the finding closes by itself when its cause is gone.',
    '',
    '## Exit codes',
    '',
    '| exit code | meaning |',
    '|---|---|',
    ...exits.map(([exit, meaning]) => `| ${exit} | ${meaning} |`),
    '',
    '## Errors',
    '',
    ...codes.map(errorSection),
    '## Findings',
    '',
    '| code | what it means and what to do |',
    '|---|---|',
    ...Object.entries(findingCodes).map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`),
    '',
  ].join('\n');
}
