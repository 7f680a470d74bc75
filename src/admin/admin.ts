// The admin use cases as one value: what a person does, whichever door (command line, API) the person came through.

import type { FindingCode } from '../model/finding.ts';
import { compareNames, foldKey } from '../model/keys.ts';
import type { Team } from '../model/team.ts';
import type { StoredSource } from '../sync/ports/detaching.ts';
import type { ActReport } from './act.ts';
import { setAttribute, unsetAttribute } from './attributes.ts';
import { type AuditFormat, exportAudit, streamAudit } from './audit-export.ts';
import { type AuditRequest, auditFilter } from './audit-filter.ts';
import { type CreateUserRequest, createUser } from './create-user.ts';
import { type DetachReport, detachSource, leftSources, previewDetach } from './detach-source.ts';
import { disableUser, enableUser } from './enable-user.ts';
import { explainUser, type UserExplanation } from './explain.ts';
import { exportFindings, exportOutward, type FindingFormat } from './finding-export.ts';
import { type FindingActReport, type IgnoreFindingRequest, ignoreFinding, watchFinding } from './ignore-finding.ts';
import { type LinkUserRequest, linkUser } from './link-user.ts';
import { listUsers, type UserList, type UserListRequest } from './list-users.ts';
import { countInward, type OutwardFinding, outwardFindings, outwardSource } from './outward-findings.ts';
import { type PauseRequest, pauseSync, resumeSync, type SourceActReport } from './pause.ts';
import { type PinRequest, pin, unpin } from './pins.ts';
import type { AdminContext, AuditRecord, FindingCounts, FindingFilter, StoredFinding } from './ports.ts';
import { requireSource } from './require-source.ts';
import { type ResolveFindingRequest, resolveFinding } from './resolve-finding.ts';
import { type ShadowDiff, shadowDiff } from './shadow-diff.ts';
import { type SyncOffRequest, switchSyncOff, switchSyncOn } from './sync-switch.ts';
import { type UnlinkUserRequest, unlinkUser } from './unlink-user.ts';

export interface FindingRequest {
  readonly state: 'open' | 'ignored' | 'closed' | 'any';
  readonly code?: FindingCode;
  readonly source?: string;
  readonly after?: number;
  readonly limit: number;
}

export interface Admin {
  readonly actor: string;

  listUsers(request: UserListRequest): Promise<UserList>;
  explainUser(user: string): Promise<UserExplanation>;
  shadowDiff(user: string): Promise<ShadowDiff>;

  createUser(request: CreateUserRequest): Promise<ActReport>;
  enableUser(request: { readonly user: string }): Promise<ActReport>;
  disableUser(request: { readonly user: string; readonly reason: string }): Promise<ActReport>;
  switchSyncOff(request: SyncOffRequest): Promise<ActReport>;
  switchSyncOn(request: { readonly user: string }): Promise<ActReport>;
  setAttribute(request: { readonly user: string; readonly name: string; readonly value: string }): Promise<ActReport>;
  unsetAttribute(request: { readonly user: string; readonly name: string }): Promise<ActReport>;
  pin(request: PinRequest): Promise<ActReport>;
  unpin(request: Parameters<typeof unpin>[1]): Promise<ActReport>;
  linkUser(request: LinkUserRequest): Promise<ActReport>;
  unlinkUser(request: UnlinkUserRequest): Promise<ActReport>;
  /** Says of an account that waits whose it is. */
  resolveFinding(request: ResolveFindingRequest): Promise<ActReport>;
  ignoreFinding(request: IgnoreFindingRequest): Promise<FindingActReport>;
  /** Takes `ignoreFinding` back. */
  watchFinding(request: { readonly finding: number; readonly reason: string }): Promise<FindingActReport>;
  /** Stops applies, not reads. */
  pause(request: PauseRequest): Promise<SourceActReport>;
  /** Without a source it lifts the pause of all; those of single sources stay. */
  resume(request: { readonly source?: string }): Promise<SourceActReport>;

  /** Lets go of a source that is not configured any more. */
  detachSource(request: { readonly source: string; readonly reason: string }): Promise<DetachReport>;
  previewDetach(request: { readonly source: string }): Promise<DetachReport>;
  leftSources(): Promise<readonly StoredSource[]>;

  /** By name; `search`: part of the name. */
  listTeams(request: { readonly search?: string }): Promise<readonly (Team & { readonly members: number })[]>;
  listFindings(request: FindingRequest): Promise<readonly StoredFinding[]>;
  countFindings(): Promise<FindingCounts>;
  /** All of them, whatever the limit. */
  exportFindings(request: Omit<FindingRequest, 'after' | 'limit'>, format: FindingFormat): AsyncIterable<string>;
  /** Of one source, for whoever administers it. */
  outwardFindings(source: string): AsyncIterable<OutwardFinding>;
  exportOutward(source: string, format: FindingFormat): AsyncIterable<string>;
  /** Open findings of the source that are in no list for others. */
  countInward(source: string): Promise<number>;
  audit(request: AuditRequest): Promise<AsyncIterable<AuditRecord>>;
  exportAudit(request: AuditRequest, format: AuditFormat): Promise<AsyncIterable<string>>;
}

export function createAdmin(context: AdminContext): Admin {
  return {
    actor: context.actor,
    listUsers: (request) => listUsers(context, request),
    explainUser: (user) => explainUser(context, user),
    shadowDiff: (user) => shadowDiff(context, user),
    createUser: (request) => createUser(context, request),
    enableUser: (request) => enableUser(context, request),
    disableUser: (request) => disableUser(context, request),
    switchSyncOff: (request) => switchSyncOff(context, request),
    switchSyncOn: (request) => switchSyncOn(context, request),
    setAttribute: (request) => setAttribute(context, request),
    unsetAttribute: (request) => unsetAttribute(context, request),
    pin: (request) => pin(context, request),
    unpin: (request) => unpin(context, request),
    linkUser: (request) => linkUser(context, request),
    unlinkUser: (request) => unlinkUser(context, request),
    resolveFinding: (request) => resolveFinding(context, request),
    ignoreFinding: (request) => ignoreFinding(context, request),
    watchFinding: (request) => watchFinding(context, request),
    pause: (request) => pauseSync(context, request),
    resume: (request) => resumeSync(context, request),
    detachSource: (request) => detachSource(context, request),
    previewDetach: (request) => previewDetach(context, request),
    leftSources: () => leftSources(context),
    listTeams: (request) => listTeams(context, request.search),
    listFindings: (request) => listFindings(context, request),
    exportFindings: (request, format) => exportFindings(context, filterOf(context, request), format),
    outwardFindings: (source) => outwardFindings(context, outwardSource(context, source)),
    exportOutward: (source, format) => exportOutward(context, source, format),
    countInward: (source) => countInward(context, outwardSource(context, source)),
    countFindings: () => context.reads.findingCounts(context.now()),
    audit: async (request) => streamAudit(context, await auditFilter(context, request), pageOf(request)),
    exportAudit: async (request, format) => exportAudit(context, await auditFilter(context, request), format),
  };
}

const pageOf = ({ limit }: AuditRequest): Parameters<typeof streamAudit>[2] => ({
  order: 'newest',
  ...(limit === undefined ? {} : { limit }),
});

async function listTeams(
  context: AdminContext,
  search = '',
): Promise<readonly (Team & { readonly members: number })[]> {
  const key = foldKey(search);
  const teams = (await context.store.read.teams()).filter((team) => foldKey(team.name).includes(key));
  const sizes = await context.store.read.teamSizes(teams.map((team) => team.id));
  return teams
    .map((team) => ({ ...team, members: sizes.get(team.id) ?? 0 }))
    .sort((a, b) => compareNames(a.name, b.name));
}

async function listFindings(context: AdminContext, request: FindingRequest): Promise<readonly StoredFinding[]> {
  return context.reads.findings(filterOf(context, request), {
    limit: request.limit,
    ...(request.after === undefined ? {} : { after: request.after }),
  });
}

function filterOf(context: AdminContext, request: Omit<FindingRequest, 'after' | 'limit'>): FindingFilter {
  const known = context.policy.sources.map((source) => source.name);
  return {
    state: request.state,
    now: context.now(),
    ...(request.code === undefined ? {} : { code: request.code }),
    ...(request.source === undefined ? {} : { source: requireSource(known, request.source) }),
  };
}
