// An installation that misbehaves on demand, behind the real command line: run as a process by cli-process.ts.
// Sources: ok (changes), held, partial, down (throws), slow (until aborted), deaf (ignores the signal), bug (an unexpected error).

import { setTimeout as wait } from 'node:timers/promises';
import type { Admin } from '../../src/admin/admin.ts';
import type { App, RunReport, SyncRequest } from '../../src/cli/app.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { Change } from '../../src/model/change.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asChangeId, asEpochMs, asRunId, asSourceName, asUserId, type SourceName } from '../../src/model/ids.ts';
import { noCounts, type Run } from '../../src/model/run.ts';
import type { EventSink } from '../../src/sync/events.ts';
import type { StoredChange } from '../../src/sync/ports.ts';

const startedAt = asEpochMs(Date.parse('2026-11-01T08:00:00.000Z'));
const names = ['ok', 'held', 'partial', 'down', 'slow', 'deaf', 'bug'].map(asSourceName);

const changeOf = (index: number): Change => ({
  subject: { kind: 'user', id: asUserId(index) },
  label: `user${index}`,
  parts: [
    {
      part: 'field',
      field: 'email',
      before: { value: 'a@x', owner: 'local' },
      after: { value: `u${index}@x`, owner: names[0] as SourceName },
      rule: 'precedence',
    },
    { part: 'main-team', before: { name: 'Brno' }, after: { name: 'Sales' }, rule: 'first-by-name' },
  ],
});

function runOf(source: SourceName, request: Partial<SyncRequest>, more: Partial<Run>): Run {
  return {
    id: asRunId(7),
    source,
    trigger: 'cli',
    actor: 'cli:ops@console',
    mode: 'full',
    dryRun: request.intent === 'plan',
    attempt: 1,
    state: 'done',
    startedAt,
    endedAt: asEpochMs(startedAt + 2_000),
    holds: [],
    applied: {},
    ...more,
    counts: { ...noCounts, accountsRead: 250, groupsRead: 12, ...more.counts },
  };
}

function reportOf(run: Run, count: number): RunReport {
  const state = run.holds.length > 0 ? 'held' : run.dryRun ? 'planned' : 'applied';
  return {
    run,
    changeCounts: { [state]: count },
    async *changes(): AsyncIterable<StoredChange> {
      for (let index = 1; index <= count; index += 1)
        yield { id: asChangeId(index), run: run.id, change: changeOf(index), state };
    },
  };
}

const accessLoss = {
  kind: 'access-loss',
  count: 131,
  recent: 0,
  baseline: 250,
  limit: { ratio: 0.05, count: 5, always: 500 },
} as const;

async function sync(
  source: SourceName,
  request: SyncRequest,
  signal: AbortSignal,
  onEvent: EventSink,
): Promise<RunReport> {
  const of = { run: asRunId(7), source };
  onEvent({ ...of, kind: 'phase:started', phase: 'reading', total: 250 });
  onEvent({ ...of, kind: 'read:ended', outcome: 'complete', accounts: 250, groups: 12, edges: 300, durationMs: 1_500 });
  switch (source as string) {
    case 'ok':
      return reportOf(runOf(source, request, { counts: { ...noCounts, planned: 25, applied: 25 } }), 25);
    case 'held':
      return reportOf(
        runOf(source, request, {
          state: 'held',
          holds: [accessLoss],
          counts: { ...noCounts, planned: 131, held: 131 },
        }),
        131,
      );
    case 'partial':
      return reportOf(
        runOf(source, request, { state: 'partial', because: 'the server cut it off', errorCode: 'source-partial' }),
        0,
      );
    case 'down':
      throw new RosterdError('source-unreachable', 'dc1.corp.example:636 refused the connection.', { subject: source });
    case 'slow':
      await wait(60_000, undefined, { signal });
      break;
    case 'deaf':
      await wait(60_000);
      break;
    default:
      throw new TypeError('undefined is not a roster');
  }
  throw new Error('waited for nothing');
}

async function* longExport(): AsyncIterable<string> {
  for (let line = 0; line < 2_000_000; line += 1) yield `{"seq":${line},"filler":"${'x'.repeat(200)}"}\n`;
}

const unused = (): never => {
  throw new Error('the fake has no such thing');
};

const app: App = {
  sources: names.map((name) => ({ name, type: 'directory' })),
  admin: { exportAudit: () => Promise.resolve(longExport()) } as unknown as Admin,
  sync,
  status: unused,
  runs: () => Promise.resolve([]),
  run: (id) =>
    id === 7
      ? Promise.resolve(
          reportOf(
            runOf(
              names[1] as SourceName,
              {},
              { state: 'held', holds: [accessLoss], counts: { ...noCounts, held: 131 } },
            ),
            131,
          ),
        )
      : Promise.reject(new RosterdError('run-unknown', `There is no run ${id}.`)),
  approve: unused,
  reject: unused,
  verifyAudit: () =>
    Promise.resolve({ ok: false, seq: 12, problem: 'altered', message: 'Entry 12 is not what was written.' }),
  notify: { targets: [], list: unused, retry: unused, test: unused, deliver: () => Promise.resolve([]) },
  close: () => Promise.resolve(),
};

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: new Terminal({ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }),
  signals: process,
  endNow: (code) => process.exit(code),
  now: () => startedAt,
  version: '1.2.3',
  rosterd: () =>
    Promise.resolve({
      version: '1.2.3',
      init: unused,
      checkConfig: () => Promise.resolve({ file: 'r.yaml', problems: [], sources: app.sources }),
      checkSource: unused,
      open: () => Promise.resolve(app),
      openDatabase: unused,
      serve: unused,
    }),
});
