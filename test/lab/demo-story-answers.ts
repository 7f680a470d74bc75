// What the story asks in its own name, and what it reads off the answers that everybody sees.

import type { ExplanationJson, UserJson } from '../../src/cli/json.ts';
import type { Stage } from './demo-story-stage.ts';

/** All users, by username. */
export async function users(stage: Stage): Promise<ReadonlyMap<string, UserJson>> {
  const { users: all } = await stage.ask<{ readonly users: readonly UserJson[] }>(['user', 'list', '--limit', '1000']);
  return new Map(all.map((user) => [user.username, user]));
}

export async function countEnabled(stage: Stage): Promise<number> {
  return (await stage.ask<{ readonly total: number }>(['user', 'list', '--enabled', '--limit', '1'])).total;
}

export const membersOf = (team: string, of: ReadonlyMap<string, UserJson>): number =>
  [...of.values()].filter(({ teams }) => teams.includes(team)).length;

export const explain = (stage: Stage, login: string): Promise<ExplanationJson> =>
  stage.ask<ExplanationJson>(['user', 'show', login]);

export const fieldOf = (explanation: ExplanationJson, field: string): string | undefined =>
  explanation.fields.find((one) => one.field === field)?.value ?? undefined;

/** What counts: a local value before a synced one. */
export const attributeOf = (
  explanation: ExplanationJson,
  name: string,
): ExplanationJson['attributes'][number] | undefined =>
  explanation.attributes.find((one) => one.name === name && one.wins);

/** The number of the run that an output tells of. */
export function runIn(output: string): string {
  const [, id] = /^Run (\d+) of /mu.exec(output) ?? [];
  if (id === undefined) throw new Error(`no run in:\n${output}`);
  return id;
}

/** The number of the finding of this kind in a list. */
export function findingIn(output: string, code: string): string {
  const rows = output.split('\n').flatMap((line) => new RegExp(`^ *(\\d+) +${code} `, 'u').exec(line)?.[1] ?? []);
  const [id] = rows;
  if (id === undefined || rows.length > 1)
    throw new Error(`${rows.length} findings of the kind ${code} in:\n${output}`);
  return id;
}

/** Ends the story unless every run in an output had nothing to do. */
export function expectNothingToDo(stage: Stage, output: string, runs: number): void {
  const idle = output.split('\n').filter((line) => / done in .* applied 0, held 0/u.test(line));
  stage.expect(idle.length === runs, `${idle.length} of ${runs} runs had nothing to do:\n${output}`);
}
