// From the use cases' answers to the shapes of json.ts.

import type { ActReport } from '../admin/act.ts';
import type { FindingActReport } from '../admin/ignore-finding.ts';
import type { UserSummary } from '../admin/list-users.ts';
import { formatMoment } from '../admin/moments.ts';
import type { StoredFinding } from '../admin/ports.ts';
import { findingCodes } from '../model/finding.ts';
import type { EpochMs } from '../model/ids.ts';
import type { Delivery } from '../model/notice.ts';
import type { Run } from '../model/run.ts';
import type { AdminHold, SyncOff } from '../model/user.ts';
import { holdText } from '../sync/hold-text.ts';
import type { StoredChange } from '../sync/ports.ts';
import type { RunReport } from './app.ts';
import type { ActJson, ChangeJson, DeliveryJson, MainTeamJson, RunJson, SwitchJson, UserJson } from './json.ts';
import type { FindingActJson, FindingJson } from './json-findings.ts';
import { MainTeamImpact, type MainTeamMove } from './main-team-impact.ts';
import type { Terminal } from './terminal.ts';
import { heldRunOf } from './verdict-text.ts';

const timeOrNull = (moment: EpochMs | undefined): string | null => (moment === undefined ? null : formatMoment(moment));

export const runJson = (run: Run): RunJson => ({
  id: run.id,
  source: run.source,
  trigger: run.trigger,
  actor: run.actor,
  mode: run.mode,
  dryRun: run.dryRun,
  attempt: run.attempt,
  state: run.state,
  read: run.read ?? null,
  startedAt: formatMoment(run.startedAt),
  endedAt: timeOrNull(run.endedAt),
  errorCode: run.errorCode ?? null,
  because: run.because ?? null,
  counts: run.counts,
  proof: run.proof ?? null,
  holds: run.holds.map((hold) => ({ ...hold, text: holdText(hold) })),
  heldRun: run.holds.length === 0 || run.dryRun ? null : heldRunOf(run),
  auditHead: run.auditHead ?? null,
});

export const changeJson = ({ id, state, because, change }: StoredChange): ChangeJson => ({
  id,
  state,
  because: because ?? null,
  subject: change.subject,
  label: change.label,
  parts: change.parts,
});

/** Written as it is read: a plan may have a hundred thousand changes. */
export async function streamRunReport(
  terminal: Terminal,
  report: RunReport,
  filter: { readonly states?: readonly StoredChange['state'][] } = {},
): Promise<void> {
  await terminal.stream(
    `{"run":${JSON.stringify(runJson(report.run))},"changeCounts":${JSON.stringify(report.changeCounts)},"changes":[`,
  );
  const impact = new MainTeamImpact();
  let separator = '';
  for await (const stored of report.changes(filter)) {
    if (!terminal.isRead) return;
    impact.add(stored);
    await terminal.stream(`${separator}${JSON.stringify(changeJson(stored))}`);
    separator = ',';
  }
  const whole = filter.states === undefined ? impact : await impactOf(report);
  await terminal.stream(`],${mainTeamsText(whole)}}`);
}

async function impactOf(report: RunReport): Promise<MainTeamImpact> {
  const impact = new MainTeamImpact();
  for await (const stored of report.changes()) impact.add(stored);
  return impact;
}

/** The two keys of the document without its braces. */
function mainTeamsText({ moves, first }: MainTeamImpact): string {
  const keys = ({ from, to, how, state }: MainTeamMove): Omit<MainTeamJson, 'user'> => ({
    from,
    to: to ?? null,
    rule: how.rule,
    decidedBy: how.decidedBy ?? [],
    held: state === 'held',
    state,
  });
  const users = moves.flatMap((move) => move.users.map((user): MainTeamJson => ({ user, ...keys(move) })));
  const summary = { moves: moves.map((move) => ({ ...keys(move), users: move.users.length })), first };
  return `"mainTeams":${JSON.stringify(users)},"mainTeamSummary":${JSON.stringify(summary)}`;
}

const holdJson = (hold: AdminHold): Omit<SwitchJson, 'until'> => ({
  by: hold.by,
  reason: hold.reason,
  since: formatMoment(hold.since),
});

export const switchJson = (off: SyncOff): SwitchJson => ({ ...holdJson(off), until: timeOrNull(off.until) });

export const userJson = (user: UserSummary): UserJson => ({
  id: user.id,
  username: user.username,
  displayName: user.displayName ?? null,
  email: user.email ?? null,
  origin: user.origin,
  enabled: user.enabled,
  adminHold: user.adminHold === undefined ? null : holdJson(user.adminHold),
  syncOff: user.syncOff === undefined ? null : switchJson(user.syncOff),
  sources: user.sources,
  mainTeam: user.mainTeam ?? null,
  teams: user.teams,
  roles: user.roles,
});

export const actJson = (report: ActReport): ActJson => ({
  user: report.user,
  changed: report.changed,
  summary: report.summary,
  warnings: report.warnings,
  audit: report.audit ?? null,
});

export const findingJson = (finding: StoredFinding): FindingJson => ({
  id: finding.id,
  code: finding.code,
  source: finding.source ?? null,
  subject: finding.subject,
  label: finding.label,
  detail: finding.detail,
  advice: findingCodes[finding.code],
  openedAt: formatMoment(finding.openedAt),
  openedBy: finding.openedBy ?? null,
  closedAt: timeOrNull(finding.closedAt),
  closedBy: finding.closedBy ?? null,
  ignored: finding.ignored === undefined ? null : ignoredJson(finding.ignored),
});

const ignoredJson = ({ by, reason, at, until }: NonNullable<StoredFinding['ignored']>): SwitchJson => ({
  by,
  reason,
  since: formatMoment(at),
  until: timeOrNull(until),
});

export const findingActJson = (report: FindingActReport): FindingActJson => ({
  ...report,
  audit: report.audit ?? null,
});

export function deliveryStateOf({ sentAt, gaveUpAt }: Delivery): 'waiting' | 'sent' | 'given-up' {
  if (sentAt !== undefined) return 'sent';
  return gaveUpAt === undefined ? 'waiting' : 'given-up';
}

export const deliveryJson = (delivery: Delivery): DeliveryJson => {
  const { id, target, notice, attempts, nextAttemptAt, sentAt, gaveUpAt, lastError } = delivery;
  return {
    id,
    target,
    kind: notice.kind,
    source: notice.source ?? null,
    run: notice.run ?? null,
    title: notice.title,
    text: notice.text,
    at: formatMoment(notice.at),
    state: deliveryStateOf(delivery),
    attempts,
    nextAttemptAt: timeOrNull(nextAttemptAt),
    sentAt: timeOrNull(sentAt),
    gaveUpAt: timeOrNull(gaveUpAt),
    lastError: lastError ?? null,
  };
};
