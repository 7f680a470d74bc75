// From the status and from acts on sources to the shapes of json.ts.

import { formatMoment } from '../admin/moments.ts';
import type { SourceActReport } from '../admin/pause.ts';
import { sourceHealth } from '../admin/source-health.ts';
import type { LeaseHolder, SourceStatus, Status } from '../admin/status.ts';
import { formatHead } from '../model/audit.ts';
import type { Pause } from '../model/pause.ts';
import { holdText } from '../sync/hold-text.ts';
import type { HolderJson, SourceStatusJson, StatusJson, SwitchJson } from './json.ts';
import type { SourceActJson } from './json-sources.ts';
import { runJson } from './to-json.ts';

export const sourceActJson = (report: SourceActReport): SourceActJson => ({
  source: report.source ?? null,
  changed: report.changed,
  summary: report.summary,
  warnings: report.warnings,
  audit: report.audit ?? null,
});

export const statusJson = (status: Status): StatusJson => ({
  at: formatMoment(status.at),
  daemons: status.daemons.map((daemon) => ({ ...holderJson(daemon), name: daemon.name })),
  reconciling: status.reconciling === undefined ? null : holderJson(status.reconciling),
  pauseOfAll: status.pauseOfAll === undefined ? null : pauseJson(status.pauseOfAll),
  notices: status.notices,
  noticeTargets: status.noticeTargets,
  auditHead: formatHead(status.auditHead),
  sources: status.sources.map((source) => sourceStatusJson(status, source)),
});

const holderJson = ({ holder, host, pid }: LeaseHolder): HolderJson => ({ holder, host, pid: pid ?? null });

const pauseJson = ({ by, reason, since, until }: Pause): SwitchJson => ({
  by,
  reason,
  since: formatMoment(since),
  until: until === undefined ? null : formatMoment(until),
});

function sourceStatusJson(status: Status, source: SourceStatus): SourceStatusJson {
  const { schedule, lastComplete, lastRun, running, held, pause, skipped, overdueSince, leftOpen } = source;
  return {
    source: source.source,
    type: source.type,
    health: sourceHealth(status, source),
    schedule: schedule === undefined ? null : { ...schedule, next: schedule.next.map(formatMoment) },
    lastComplete: lastComplete === undefined ? null : { run: lastComplete.run, at: formatMoment(lastComplete.at) },
    lastRun: lastRun === undefined ? null : runJson(lastRun),
    running:
      running === undefined
        ? null
        : { ...holderJson(running), run: running.run === undefined ? null : runJson(running.run) },
    held:
      held === undefined
        ? null
        : {
            run: held.run,
            changes: held.changes,
            since: formatMoment(held.since),
            holds: held.holds.map((hold) => ({ ...hold, text: holdText(hold) })),
          },
    findings: source.findings,
    pause: pause === undefined ? null : pauseJson(pause),
    skipped:
      skipped === undefined
        ? null
        : {
            dueAt: formatMoment(skipped.dueAt),
            at: formatMoment(skipped.at),
            reason: skipped.reason,
            detail: skipped.detail,
          },
    failingTicks: source.failingTicks,
    isOverdue: source.isOverdue,
    overdueSince: overdueSince === undefined ? null : formatMoment(overdueSince),
    leftOpen: leftOpen === undefined ? null : runJson(leftOpen),
  };
}
