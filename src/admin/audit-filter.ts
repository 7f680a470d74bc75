// Which part of the audit log a person asks for, with names and moments as people write them.

import type { RunId } from '../model/ids.ts';
import { findUser } from './find.ts';
import { parsePast } from './moments.ts';
import type { AdminContext, AuditFilter } from './ports.ts';

export interface AuditRequest {
  readonly user?: string;
  readonly run?: RunId;
  readonly actor?: string;
  readonly action?: string;
  /** `30d` back, a date, or a time. */
  readonly from?: string;
  readonly to?: string;
  /** Lists only; an export is whole. */
  readonly limit?: number;
}

export async function auditFilter(context: AdminContext, request: AuditRequest): Promise<AuditFilter> {
  const now = context.now();
  const { run, actor, action, from, to } = request;
  return {
    ...(request.user === undefined ? {} : { user: (await findUser(context.store.read, request.user)).id }),
    ...(run === undefined ? {} : { run }),
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(from === undefined ? {} : { from: parsePast(from, now, 'from') }),
    ...(to === undefined ? {} : { to: parsePast(to, now, 'to') }),
  };
}
