// What a person stops for a while: of a paused source, or of all of them, reads go on and nothing is applied.
// Invariant: one transaction with its audit entry; asking for what is already so writes nothing.

import type { EpochMs, SourceName } from '../model/ids.ts';
import type { Pause } from '../model/pause.ts';
import type { StoreTx } from '../sync/ports.ts';
import type { Warning } from './act.ts';
import { formatMoment, parseUntil } from './moments.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';
import { requireSource } from './require-source.ts';

export interface PauseRequest {
  /** Absent: every source. */
  readonly source?: string;
  readonly reason: string;
  /** `12h`, a date or a time; absent: until somebody lifts it. */
  readonly until?: string;
}

export interface SourceActReport {
  /** Absent: every source. */
  readonly source?: SourceName;
  /** False when everything was already so; then nothing was written. */
  readonly changed: boolean;
  /** What is so now, in one or two sentences. */
  readonly summary: string;
  readonly warnings: readonly Warning[];
  /** Sequence number of the audit entry. */
  readonly audit?: number;
}

type Scope = Pause['scope'];

const everySource: Scope = { kind: 'all' };
const isSame = (a: Scope, b: Scope): boolean =>
  a.kind === 'all' ? b.kind === 'all' : b.kind === 'source' && a.source === b.source;
const nameOf = (scope: Scope): string => (scope.kind === 'all' ? 'every source' : scope.source);
const subjectOf = (scope: Scope): string => (scope.kind === 'all' ? 'sync' : `source:${scope.source}`);
const ofSource = (scope: Scope): Pick<SourceActReport, 'source'> =>
  scope.kind === 'all' ? {} : { source: scope.source };

const sayUntil = ({ until }: Pick<Pause, 'until'>): string =>
  until === undefined ? '' : ` until ${formatMoment(until)}`;

/** At the start of a sentence; the name of a source stays as it is written. */
const opening = (scope: Scope): string => (scope.kind === 'all' ? 'Every source' : scope.source);

export async function pauseSync(context: AdminContext, request: PauseRequest): Promise<SourceActReport> {
  const reason = requireReason(request.reason);
  const known = context.policy.sources.map(({ name }) => name);
  const scope: Scope =
    request.source === undefined ? everySource : { kind: 'source', source: requireSource(known, request.source) };
  return context.store.write(async (tx) => {
    const now = context.now();
    const until = request.until === undefined ? undefined : parseUntil(request.until, now);
    const pauses = await tx.pauses(now);
    const before = pauses.find((pause) => isSame(pause.scope, scope));
    if (before !== undefined && before.reason === reason && before.until === until) {
      const summary = `${opening(scope)} is already paused${sayUntil(before)} for this reason.`;
      return { ...ofSource(scope), changed: false, summary, warnings: [] };
    }
    const since = before?.since ?? now;
    const after: Pause = { scope, reason, by: context.actor, since, ...(until === undefined ? {} : { until }) };
    await tx.setPause(after);
    const audit = await auditOf(context, tx, now, 'sync.paused', scope, {
      before: detailOf(before),
      after: detailOf(after),
    });
    return {
      ...ofSource(scope),
      changed: true,
      summary: `${opening(scope)} is paused${sayUntil(after)}: it is read, and nothing of it is applied.`,
      warnings: await underWay(tx, scope, now),
      audit,
    };
  });
}

export async function resumeSync(
  context: AdminContext,
  request: { readonly source?: string },
): Promise<SourceActReport> {
  return context.store.write(async (tx) => {
    const now = context.now();
    const pauses = await tx.pauses(now);
    const scope = scopeToLift(context, pauses, request.source);
    const before = pauses.find((pause) => isSame(pause.scope, scope));
    const others = pauses.filter((pause) => pause !== before);
    const warnings = stillPaused(scope, others);
    if (before === undefined)
      return {
        ...ofSource(scope),
        changed: false,
        summary: scope.kind === 'all' ? 'There is no pause of every source.' : `${scope.source} is not paused itself.`,
        warnings,
      };
    await tx.liftPause(scope);
    const audit = await auditOf(context, tx, now, 'sync.resumed', scope, { before: detailOf(before), after: null });
    const isFree = warnings.length === 0;
    return {
      ...ofSource(scope),
      changed: true,
      summary: `The pause of ${nameOf(scope)} is lifted.${isFree ? ' The next run applies what has waited.' : ''}`,
      warnings,
      audit,
    };
  });
}

/** A source that has left the configuration may still be paused, and its pause can be lifted. */
function scopeToLift({ policy }: AdminContext, pauses: readonly Pause[], source: string | undefined): Scope {
  if (source === undefined) return everySource;
  const paused = pauses.find(({ scope }) => scope.kind === 'source' && scope.source === source);
  const known = policy.sources.map(({ name }) => name);
  return paused?.scope ?? { kind: 'source', source: requireSource(known, source) };
}

/** A run looks for pauses before each batch. */
async function underWay(tx: StoreTx, scope: Scope, now: EpochMs): Promise<readonly Warning[]> {
  const prefix = scope.kind === 'all' ? 'source:' : `source:${scope.source}`;
  const busy = (await tx.leaseHolders(prefix, now))
    .filter(({ name }) => scope.kind === 'all' || name === prefix)
    .map(({ name }) => name.slice('source:'.length));
  return busy.map((source) => ({
    code: 'run-under-way',
    message: `A run of ${source} is under way; if it applies already, it stops after the present batch and goes on after the pause.`,
  }));
}

/** What keeps standing when this pause is gone. */
function stillPaused(lifted: Scope, others: readonly Pause[]): readonly Warning[] {
  const concerned = lifted.kind === 'all' ? others : others.filter(({ scope }) => scope.kind === 'all');
  return concerned.map((pause) => ({
    code: 'still-paused',
    message: `${opening(pause.scope)} is still paused by ${pause.by}${sayUntil(pause)}: ${pause.reason}. To lift that: rosterd resume${pause.scope.kind === 'all' ? '' : ` ${pause.scope.source}`}`,
  }));
}

const detailOf = (pause: Pause | undefined): Readonly<Record<string, unknown>> | null => {
  if (pause === undefined) return null;
  const { scope: _scope, ...detail } = pause;
  return detail;
};

async function auditOf(
  context: AdminContext,
  tx: StoreTx,
  at: EpochMs,
  action: 'sync.paused' | 'sync.resumed',
  scope: Scope,
  payload: Readonly<Record<string, unknown>>,
): Promise<number> {
  const label = nameOf(scope);
  const head = await tx.audit([{ at, actor: context.actor, action, subject: subjectOf(scope), label, payload }]);
  return head.seq;
}
