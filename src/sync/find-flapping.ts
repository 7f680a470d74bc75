// At the end of a run: which things of the users that it changed go to and fro, as findings that name the two writers.
// A finding is looked at again by every run that plans, until no turn lies within the last runs any more.
// Invariant: where nothing was changed and nothing is open, this is one query; a first import pays no more than two.

import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { parseHead } from '../model/audit.ts';
import type { Finding } from '../model/finding.ts';
import { asUserId, type SourceName, type UserId } from '../model/ids.ts';
import { type Flap, type FlapWriter, flapsOf } from '../reconcile/flapping.ts';
import { plannedStates } from './clock-set-back.ts';
import type { AuditHead, StoreReader } from './ports.ts';

/** Runs of the source that have planned, the present one included. */
const windowRuns = 10;
/** Users whose entries are in memory at a time. */
const portion = 200;

export interface Flapping {
  readonly findings: readonly Finding[];
  /** Subjects of findings that are open and were looked at again. */
  readonly evaluated: readonly string[];
}

/** `before`: head of the audit log before the run applied anything. */
export async function findFlapping(
  read: StoreReader,
  source: SourceName,
  changed: readonly UserId[],
  before: AuditHead,
): Promise<Flapping> {
  const open = await read.openFindings(source, ['value-flapping']);
  if (changed.length === 0 && open.length === 0) return { findings: [], evaluated: [] };
  const after = await windowStart(read, source);
  const again = open.flatMap(({ subject }) => userOf(subject) ?? []);
  const users = [...new Set([...(await changedBefore(read, changed, after, before.seq)), ...again])];
  const findings: Finding[] = [];
  for (let start = 0; start < users.length; start += portion) {
    findings.push(...(await findingsOf(read, source, users.slice(start, start + portion), after)));
    await yieldToLoop();
  }
  return { findings, evaluated: open.map(({ subject }) => subject) };
}

/** Number of the last audit entry from before the last runs. */
async function windowStart(read: StoreReader, source: SourceName): Promise<number> {
  const runs = await read.runs({ source, kind: 'real', states: plannedStates, limit: windowRuns });
  if (runs.length < windowRuns) return 0;
  // The smallest: a run whose held changes were approved has the head of that later time.
  return Math.min(
    ...runs.map(({ auditHead }) => (auditHead === undefined ? undefined : parseHead(auditHead))?.seq ?? 0),
  );
}

/** Of the users that the run changed, those whom earlier entries are about too: asked for from the smaller side. */
async function changedBefore(
  read: StoreReader,
  changed: readonly UserId[],
  after: number,
  upTo: number,
): Promise<readonly UserId[]> {
  if (upTo - after >= changed.length) return read.usersAuditedTwice(changed, after);
  if (upTo <= after) return [];
  const earlier = new Set(await read.usersAudited(after, upTo));
  return changed.filter((user) => earlier.has(user));
}

async function findingsOf(
  read: StoreReader,
  source: SourceName,
  users: readonly UserId[],
  after: number,
): Promise<readonly Finding[]> {
  const flaps = [...(await read.auditedChanges(users, after))].flatMap(([user, entries]) =>
    flapsOf(entries, source).map((flap) => ({ user, flap })),
  );
  if (flaps.length === 0) return [];
  const found = await read.users([...new Set(flaps.map(({ user }) => user))]);
  const names = new Map(found.map(({ id, values }) => [id, values.username?.value]));
  return flaps.map(({ user, flap }) => findingOf(source, user, names.get(user) ?? `user ${user}`, flap));
}

function findingOf(source: SourceName, user: UserId, label: string, { key, what, turns, writers }: Flap): Finding {
  return {
    code: 'value-flapping',
    source,
    subject: `user:${user}/${key}`,
    label,
    detail: { what, turns, writers: writers.map(writerText) },
  };
}

/** `sync:ad-hq in run 12 at 2027-01-04T08:02:00.000Z (owner ad-hq)` */
function writerText({ seq, at, actor, run, owner }: FlapWriter): string {
  const where = run === undefined ? `audit entry ${seq}` : `run ${run}`;
  return `${actor} in ${where} at ${new Date(at).toISOString()}${owner === undefined ? '' : ` (owner ${owner})`}`;
}

function userOf(subject: string): UserId | undefined {
  const match = /^user:(\d+)\//.exec(subject);
  return match === null ? undefined : asUserId(Number(match[1]));
}
