// The parts of the --json answers that the story looks at.

import type { ExplanationJson, RunJson } from '../../src/cli/json.ts';
import type { FindingJson } from '../../src/cli/json-findings.ts';
import type { Stage } from './demo-story-stage.ts';

export async function lastRun(stage: Stage): Promise<RunJson> {
  const { runs } = await stage.ask<{ readonly runs: readonly RunJson[] }>(['run', 'list', '--limit', '1']);
  const [run] = runs;
  if (run === undefined) throw new Error('there is no run');
  return run;
}

export async function countUsers(stage: Stage, which: readonly '--enabled'[] = []): Promise<number> {
  return (await stage.ask<{ readonly total: number }>(['user', 'list', ...which, '--limit', '1'])).total;
}

export const explain = (stage: Stage, login: string): Promise<ExplanationJson> =>
  stage.ask<ExplanationJson>(['user', 'show', login]);

export const fieldOf = (explanation: ExplanationJson, field: string): string | undefined =>
  explanation.fields.find((one) => one.field === field)?.value ?? undefined;

/** What counts: a local value before a synced one. */
export const attributeOf = (explanation: ExplanationJson, name: string): string | undefined =>
  explanation.attributes.find((one) => one.name === name && one.wins)?.value;

export async function openFindings(stage: Stage): Promise<readonly FindingJson[]> {
  return (await stage.ask<{ readonly findings: readonly FindingJson[] }>(['finding', 'list', '--limit', '500']))
    .findings;
}
