// One thing that is wrong (or doubtful) in the configuration file, with the place where a person finds it.
// Invariant: a message never carries a value that may be a secret; the place is enough to look at it.

import { RosterdError } from '../model/errors.ts';

export interface ConfigProblem {
  /** A warning lets rosterd start. */
  readonly severity: 'error' | 'warning';
  /** As the person named the file. */
  readonly file: string;
  /** Both from 1, columns in UTF-16 units as editors count them; 1:1 when the place is the whole file. */
  readonly line: number;
  readonly column: number;
  /** `sources[0].absence.grace`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** `rosterd.yaml:12:5: sources[0].absence.grace: is not a duration ...`: the form that editors and terminals make clickable. */
export function formatProblem(problem: ConfigProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const severity = problem.severity === 'warning' ? ' warning:' : '';
  const path = problem.path === '' ? '' : ` ${problem.path}:`;
  return `${place}:${severity}${path} ${problem.message}`;
}

/** In the order of the file, each said once. */
export function inFileOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const byText = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...byText.values()].sort((a, b) => a.line - b.line || a.column - b.column || (a.path < b.path ? -1 : 1));
}

/**
 * RosterdError `config-invalid` that keeps the problems as data for `config check --json`;
 * `detail.problems` has them as text for everyone else.
 */
export class ConfigInvalidError extends RosterdError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[], { cause }: { readonly cause?: unknown } = {}) {
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    const said = problems.map(formatProblem);
    const summary = `${file} has ${errors} ${errors === 1 ? 'problem' : 'problems'}`;
    super('config-invalid', `${summary}:\n${said.join('\n')}`, { subject: file, detail: { problems: said }, cause });
    this.problems = problems;
  }
}
