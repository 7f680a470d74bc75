// Saying that nobody needs to hear of a finding, and taking that back.
// Invariant: one transaction with its audit entry; the finding stays open and is still closed by itself when it is settled.

import { RosterdError } from '../model/errors.ts';
import type { FindingCode } from '../model/finding.ts';
import { asUserId, type EpochMs } from '../model/ids.ts';
import { type Ignored, isIgnored, type StoredFinding } from '../sync/ports/findings.ts';
import type { StoreTx } from '../sync/ports.ts';
import type { Warning } from './act.ts';
import { formatMoment, parseUntil } from './moments.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';

export interface FindingActReport {
  readonly finding: { readonly id: number; readonly code: FindingCode; readonly label: string };
  /** False when everything was already so; then nothing was written. */
  readonly changed: boolean;
  readonly summary: string;
  readonly warnings: readonly Warning[];
  /** Sequence number of the audit entry. */
  readonly audit?: number;
}

export interface IgnoreFindingRequest {
  readonly finding: number;
  readonly reason: string;
  /** `30d`, a date or a time; absent: until its facts change. */
  readonly until?: string;
}

/** What waits for a decision of its own is not silenced here. */
const decidedElsewhere: Readonly<Partial<Record<FindingCode, string>>> = {
  'plan-held':
    'Look at it with `rosterd run show`, then `rosterd run approve` it, or silence it with `rosterd run reject`.',
};

export async function ignoreFinding(context: AdminContext, request: IgnoreFindingRequest): Promise<FindingActReport> {
  const reason = requireReason(request.reason);
  return context.store.write(async (tx) => {
    const now = context.now();
    const finding = await requireOpen(tx, request.finding);
    const elsewhere = decidedElsewhere[finding.code];
    if (elsewhere !== undefined)
      throw new RosterdError('usage', `Finding ${finding.id} (${finding.code}) cannot be ignored. ${elsewhere}`);
    if (isIgnored(finding, now)) {
      const { by, reason: why, until } = finding.ignored ?? {};
      return unchanged(finding, `${titleOf(finding)} is ignored already${sayUntil(until)}, by ${by}: ${why}`);
    }
    const until = request.until === undefined ? undefined : parseUntil(request.until, now);
    const ignored = { by: context.actor, reason, at: now, ...(until === undefined ? {} : { until }) };
    await tx.findings.setIgnored(finding.id, ignored);
    const audit = await auditOf(context, tx, 'finding.ignored', finding, now, ignored, reason);
    const summary = `${titleOf(finding)} is ignored${sayUntil(until)}; it shows again when its facts change.`;
    return { ...unchanged(finding, summary), changed: true, audit };
  });
}

export async function watchFinding(
  context: AdminContext,
  request: { readonly finding: number; readonly reason: string },
): Promise<FindingActReport> {
  const reason = requireReason(request.reason);
  return context.store.write(async (tx) => {
    const now = context.now();
    const finding = await requireOpen(tx, request.finding);
    if (!isIgnored(finding, now)) return unchanged(finding, `${titleOf(finding)} is not ignored.`);
    await tx.findings.setIgnored(finding.id, undefined);
    const audit = await auditOf(context, tx, 'finding.watched', finding, now, undefined, reason);
    return { ...unchanged(finding, `${titleOf(finding)} is watched again.`), changed: true, audit };
  });
}

/** Throws `usage` for one that is unknown or closed, and says what it may have been taken for. */
export async function requireOpen(tx: StoreTx, id: number): Promise<StoredFinding> {
  const finding = await tx.findings.kept(id);
  if (finding === undefined)
    throw new RosterdError('usage', `There is no finding ${id}. \`rosterd finding list\` shows the open ones.`);
  if (finding.closedAt === undefined) return finding;
  throw new RosterdError(
    'usage',
    `Finding ${id} (${finding.code}, ${finding.label}) was closed on ${formatMoment(finding.closedAt)}: nothing is left to resolve. If it came up again, it is open under another number.`,
  );
}

export const titleOf = ({ id, code, label }: StoredFinding): string => `Finding ${id} (${code}, ${label})`;

const sayUntil = (until: EpochMs | undefined): string => (until === undefined ? '' : ` until ${formatMoment(until)}`);

const unchanged = ({ id, code, label }: StoredFinding, summary: string): FindingActReport => ({
  finding: { id, code, label },
  changed: false,
  summary,
  warnings: [],
});

async function auditOf(
  { actor }: AdminContext,
  tx: StoreTx,
  action: 'finding.ignored' | 'finding.watched',
  { id, code, source, subject, label, ignored }: StoredFinding,
  at: EpochMs,
  after: Ignored | undefined,
  reason: string,
): Promise<number> {
  const user = /^user:(\d+)(?:\/|$)/u.exec(subject)?.[1];
  const payload = { finding: id, code, source: source ?? null, before: ignored ?? null, after: after ?? null, reason };
  const head = await tx.audit([
    { at, actor, action, subject, label, ...(user === undefined ? {} : { userId: asUserId(Number(user)) }), payload },
  ]);
  return head.seq;
}
