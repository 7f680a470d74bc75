// Every metric of rosterd with the text that explains it. Invariant: labels are names from the configuration or from closed
// lists of the program, so the number of series is bounded whatever the sources contain.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const minute = 60;
const hour = 60 * minute;
/** Seconds, from a small source without changes to a first import. */
const durations = [1, 2, 5, 10, 30, minute, 2 * minute, 5 * minute, 10 * minute, 0.5 * hour, hour, 2 * hour, 4 * hour];

const countersOf = (registers: Registry[]) => {
  const counter = <const Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `rosterd_${name}_total`, help, labelNames, registers });
  return {
    runs: counter(
      'runs',
      'Runs of this process that ended, by how; an interrupted one is continued by the next run. Dry runs are not counted.',
      ['source', 'state', 'trigger'],
    ),
    changes: counter(
      'changes',
      'Changes by what became of them; created is the part of applied that made a user, resumed and approved ones are in it, and held changes are counted again by every run that derives them.',
      ['source', 'outcome'],
    ),
    retries: counter('run_retries', 'Runs that failed and were tried again, by the error.', ['source', 'code']),
    skippedTicks: counter('ticks_skipped', 'Scheduled times at which nothing ran, by the reason.', [
      'source',
      'reason',
    ]),
    notStarted: counter('runs_not_started', 'Scheduled runs that could not even be written down, by the error.', [
      'source',
      'code',
    ]),
    noticesSent: counter('notices_sent', 'Notices that a target took.', ['target', 'kind']),
    noticesFailed: counter('notices_failed', 'Attempts to send a notice that failed.', ['target']),
    mismatches: counter(
      'verify_mismatches',
      'Users for which planning again after a run did not come out empty: a fault of rosterd.',
      ['source'],
    ),
  };
};

const histogramsOf = (registers: Registry[]) => {
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `rosterd_${name}_seconds`, help, labelNames: ['source'], buckets: durations, registers });
  return {
    runDuration: histogram('run_duration', 'How long runs took, from the lease to the end.'),
    readDuration: histogram('read_duration', 'How long the reads of runs took, complete or partial.'),
  };
};

const gaugesOf = (registers: Registry[]) => {
  const gauge = <const Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `rosterd_${name}`, help, labelNames, registers });
  return {
    build: gauge('build_info', 'The version of rosterd that runs; always 1.', ['version']),
    storeUp: gauge(
      'store_up',
      '1 while the database answers, else 0: then the metrics that come from it are left out.',
    ),
    records: gauge('records_read', 'Records that the last read of this process brought.', ['source', 'kind']),
    auditWhole: gauge(
      'audit_whole',
      '1 when the last proof found the audit log whole, else 0; absent before the first.',
    ),
    auditVerified: gauge('audit_verified_timestamp_seconds', 'When the whole audit log was last gone through.'),
    lastRun: gauge('last_run_timestamp_seconds', 'When the last run began, by whatever process.', ['source']),
    lastCompleteRead: gauge('last_complete_read_timestamp_seconds', 'When the last complete read began.', ['source']),
    nextRun: gauge('next_run_timestamp_seconds', 'When the next run is due; absent without a schedule.', ['source']),
    overdue: gauge('source_overdue', '1 when there was no complete read for longer than the schedule allows.', [
      'source',
    ]),
    paused: gauge('source_paused', '1 while the source is read and nothing of it is applied, as a person asked.', [
      'source',
    ]),
    running: gauge('source_running', '1 while a run of the source is under way.', ['source']),
    held: gauge('held_changes', 'Changes that the guard holds and nobody has decided on.', ['source']),
    failing: gauge('failing_ticks', 'Scheduled runs in a row, up to now, that failed or read only a part.', ['source']),
    findings: gauge('findings_open', 'Open findings by code.', ['code']),
    noticesWaiting: gauge('notices_waiting', 'Notices that are still to be sent.'),
    noticesGivenUp: gauge('notices_given_up', 'Notices that could not be sent and are not tried again.'),
  };
};

export interface Families
  extends ReturnType<typeof countersOf>,
    ReturnType<typeof histogramsOf>,
    ReturnType<typeof gaugesOf> {}

export function defineFamilies(registry: Registry): Families {
  const registers = [registry];
  return { ...countersOf(registers), ...histogramsOf(registers), ...gaugesOf(registers) };
}
