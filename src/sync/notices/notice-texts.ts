// The words and the keys of every notice: what happened, to what, what to do. Pure.
// Invariant: no attribute values, only names and numbers; the same fact makes the same key, whoever tells it and how often.

import { errorCatalogue } from '../../model/errors.ts';
import { findingCodes } from '../../model/finding.ts';
import { asEpochMs, type EpochMs, type SourceName } from '../../model/ids.ts';
import type { Notice } from '../../model/notice.ts';
import type { Run } from '../../model/run.ts';
import { holdText, plural } from '../hold-text.ts';
import type { OpenFinding } from '../ports/daemon.ts';
import { packEnds, type SwitchEnd, switchEndKey } from './switch-ends.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** More names than that are read by nobody; the command that lists them all stands beside them. */
const namesAtMost = 10;

const moment = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `45 min`, `7 h`, `3 days`. */
function spanText(ms: number): string {
  if (ms < hourMs) return `${Math.max(1, Math.round(ms / 60_000))} min`;
  return ms < 2 * dayMs ? `${Math.floor(ms / hourMs)} h` : plural(Math.floor(ms / dayMs), 'day', 'days');
}

function someOf(names: readonly string[]): string {
  const rest = names.length - namesAtMost;
  return `${names.slice(0, namesAtMost).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
}

// --- held changes -------------------------------------------------------------------

/** Changes that wait for a decision. */
export interface WaitingHold {
  /** The run that stores them: the one to approve or reject. */
  readonly run: Run;
  readonly checksum: string;
  readonly since: EpochMs;
}

const decisions = (run: Run): readonly string[] => [
  `Look at them: rosterd run show ${run.id} --held`,
  `Release them: rosterd run approve ${run.id} --reason "..."`,
  `Say no: rosterd run reject ${run.id} --reason "..." --until 30d`,
];

/** The same set is told again only when it went away and came back on another day, e.g. after a rejection that expired. */
const waitKey = ({ run, checksum, since }: WaitingHold): string =>
  `${run.source}:${checksum.slice(0, 32)}:${new Date(since).toISOString().slice(0, 10)}`;

export function planHeld(hold: WaitingHold, at: EpochMs): Notice {
  const { run } = hold;
  const { source, holds } = run;
  const changes = plural(run.counts.held, 'change', 'changes');
  return {
    kind: 'plan-held',
    key: `plan-held:${waitKey(hold)}`,
    source,
    run: run.id,
    at,
    title: `rosterd: ${changes} of ${source} ${run.counts.held === 1 ? 'is' : 'are'} held (run ${run.id})`,
    text: [
      `Run ${run.id} of ${source} would make ${changes} that the guard holds. Nothing of them was applied.`,
      ...holds.map((each) => `Held because ${holdText(each)}.`),
      ...decisions(run),
    ],
    facts: { changes: run.counts.held, since: hold.since, checks: holds.map(({ kind }) => kind).join(', ') },
  };
}

/** Undefined in the first day: `plan-held` has just told of it. */
export function planHeldLong(hold: WaitingHold, at: EpochMs): Notice | undefined {
  const days = Math.floor((at - hold.since) / dayMs);
  if (days < 1) return undefined;
  const { run } = hold;
  const changes = plural(run.counts.held, 'change', 'changes');
  const waited = plural(days, 'day', 'days');
  return {
    kind: 'plan-held-long',
    key: `plan-held-long:${waitKey(hold)}:${days}`,
    source: run.source,
    run: run.id,
    at,
    title: `rosterd: ${changes} of ${run.source} ${run.counts.held === 1 ? 'has' : 'have'} waited for ${waited} (run ${run.id})`,
    text: [
      `The guard has held ${changes} of ${run.source} since ${moment(hold.since)}. They wait for a decision; their users are not synced until then.`,
      ...run.holds.map((each) => `Held because ${holdText(each)}.`),
      ...decisions(run),
    ],
    facts: { changes: run.counts.held, since: hold.since, days },
  };
}

// --- a source that cannot be read ---------------------------------------------------------

/** `last`: the newest run that failed. `since`: the run that worked before; undefined when none ever did. */
export function sourceFailing(last: Run, since: Run | undefined, ticks: number, at: EpochMs): Notice {
  const { source, errorCode, because } = last;
  const code = errorCode === undefined ? '' : ` [${errorCode}]`;
  const good =
    since === undefined
      ? 'It has never been read completely.'
      : `It last worked in run ${since.id}, ${moment(since.startedAt)}.`;
  return {
    kind: 'source-failing',
    key: `source-failing:${source}:after-${since?.id ?? 'never'}`,
    source,
    run: last.id,
    at,
    title: ticks === 1 ? `rosterd: ${source} failed` : `rosterd: ${source} failed ${ticks} times in a row`,
    text: [
      ticks === 1
        ? `A scheduled run of ${source} failed. Nothing was removed or disabled for it.`
        : `${ticks} scheduled runs of ${source} in a row failed or read only a part. Nothing was removed or disabled for it.`,
      `The last error${code}: ${because ?? `run ${last.id} ended as ${last.state}`}`,
      good,
      ...(errorCode === undefined ? [] : [errorCatalogue[errorCode].advice]),
      `Look at it: rosterd run show ${last.id}`,
      `Try the connection: rosterd source check ${source}`,
    ],
    facts: { ticks, state: last.state, ...(errorCode === undefined ? {} : { errorCode }) },
  };
}

export interface Overdue {
  readonly source: SourceName;
  /** The last run whose read was complete. */
  readonly lastComplete: Run | undefined;
  readonly lastRun: Run | undefined;
  /** From when it counts: the last complete read, else the first attempt, else the start of the daemon. */
  readonly from: EpochMs;
  readonly allowedMs: number;
}

export function sourceOverdue({ source, lastComplete, lastRun, from, allowedMs }: Overdue, at: EpochMs): Notice {
  const span = spanText(at - from);
  const trouble =
    lastRun === undefined || lastRun.id === lastComplete?.id
      ? 'No run has been started since.'
      : `The last run, ${lastRun.id}, began at ${moment(lastRun.startedAt)} and is ${lastRun.state}${lastRun.because === undefined ? '' : `: ${lastRun.because}`}`;
  return {
    kind: 'source-overdue',
    key: `source-overdue:${source}:after-${lastComplete?.id ?? 'never'}`,
    source,
    ...(lastComplete === undefined ? {} : { run: lastComplete.id }),
    at,
    title: `rosterd: ${source} has not been read completely for ${span}`,
    text: [
      lastComplete === undefined
        ? `${source} has never been read completely; rosterd has been trying since ${moment(from)}. Its schedule allows ${spanText(allowedMs)}.`
        : `The last complete read of ${source} was run ${lastComplete.id}, ${moment(from)}. Its schedule allows ${spanText(allowedMs)}.`,
      trouble,
      'Nothing was removed or disabled for it, but what changed in the source since then is not known here.',
      'See how it is: rosterd status',
      `Try the connection: rosterd source check ${source}`,
    ],
    facts: { from, allowedMs, ...(lastRun?.errorCode === undefined ? {} : { errorCode: lastRun.errorCode }) },
  };
}

/** `answered`: the notice of its trouble. */
export function sourceRecovered(run: Run, answered: Notice, at: EpochMs): Notice {
  const { source } = run;
  return {
    kind: 'source-recovered',
    key: `source-recovered:${answered.key}`,
    source,
    run: run.id,
    at,
    title: `rosterd: ${source} is read completely again`,
    text: [
      `Run ${run.id} has read ${source} completely. The trouble told at ${moment(answered.at)} is over: ${answered.title.replace(/^rosterd: /u, '')}.`,
      'There is nothing to do.',
    ],
    facts: { answers: answered.kind, troubleMs: at - answered.at },
  };
}

// --- protected users, sync switches, the audit log --------------------------------------------

/** All that are open and not told yet, in one notice; the newest is its key, and where the next one begins. */
export function protectedFindings(
  source: SourceName,
  findings: readonly OpenFinding[],
  at: EpochMs,
): Notice | undefined {
  const newest = findings.at(-1);
  if (newest === undefined) return undefined;
  const [first] = findings;
  const what =
    first !== undefined && findings.length === 1
      ? `account ${first.label} of ${source} matches a protected user`
      : `${findings.length} accounts of ${source} match protected users`;
  const accounts = findings.length === 1 ? 'This account was' : `These accounts were`;
  return {
    kind: 'protected-finding',
    key: `protected-finding:${source}:${newest.id}`,
    source,
    at,
    title: `rosterd: ${what}`,
    text: [
      `${accounts} not linked, and nothing was changed: ${someOf(findings.map(({ label }) => label))}.`,
      ...[...new Set(findings.map(({ code }) => findingCodes[code]))],
      `See them all: rosterd finding list --source ${source} --code ${newest.code}`,
    ],
    facts: { accounts: findings.length, lastFinding: newest.id },
  };
}

/** All that end within a day and were not told yet, in one notice. */
export function syncOffExpiring(ends: readonly SwitchEnd[], at: EpochMs): Notice | undefined {
  const [first] = [...ends].sort((a, b) => a.until - b.until || a.user - b.user);
  if (first === undefined) return undefined;
  const isOne = ends.length === 1;
  return {
    kind: 'sync-off-expiring',
    key: `sync-off-expiring:${switchEndKey(first)}`,
    at,
    title: isOne
      ? `rosterd: sync of ${first.name} goes back on at ${moment(first.until)}`
      : `rosterd: sync of ${ends.length} users goes back on within a day`,
    text: [
      `The sync switch of ${isOne ? 'this user' : 'these users'} goes back on by itself, the first at ${moment(first.until)}: ${someOf(ends.map(({ name }) => name))}.`,
      'From then on the sources decide again: the next run takes over what differs, under the guard.',
      `See what would change: rosterd user sync diff ${first.user}`,
      `Keep it off for longer: rosterd user sync off ${first.user} --reason "..." --until 30d`,
    ],
    facts: { users: ends.length, first: first.until },
    memo: packEnds(ends),
  };
}

/** A proof of the audit log that failed, as src/store and `rosterd audit verify` give it. */
export interface BrokenAudit {
  readonly ok: false;
  readonly seq: number;
  readonly problem: string;
  readonly message: string;
}

/** For the daemon after its own proof, and for `rosterd audit verify`. */
export function auditNotice({ seq, problem, message }: BrokenAudit, now: EpochMs): Notice {
  return {
    kind: 'audit-broken',
    key: `audit-broken:${seq}:${problem}`,
    at: now,
    title: `rosterd: the audit log is broken at entry ${seq}`,
    text: [message, errorCatalogue['audit-broken'].advice, 'Prove it again: rosterd audit verify'],
    facts: { seq, problem },
  };
}

/** The message of `rosterd notify test`. */
export const testMessage = (target: string, actor: string, now: EpochMs): Omit<Notice, 'kind'> & { kind: 'test' } => ({
  kind: 'test',
  key: `test:${target}:${now}`,
  at: asEpochMs(now),
  title: `rosterd: test message for ${target}`,
  text: [
    `${actor} sent this with \`rosterd notify test\` to see whether notices arrive at ${target}. They do.`,
    'There is nothing to do.',
  ],
  facts: { target },
});
