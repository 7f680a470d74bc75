// The settings of a UCCX source: strict, parsed offline, all defaults filled in.
// Invariant: two clusters never have the same identity unless their configuration says so, because a userID is unique only within one.

import { z } from 'zod';
import { foldKey } from '../../src/model/keys.ts';
import { httpConnectionSchema } from '../http-source.ts';

export const settingsSchema = z.strictObject({
  /** Publisher and subscriber of one cluster. */
  connection: httpConnectionSchema,
  /** Names the cluster whose userIDs these are; the host of the first server unless given. */
  cluster: z.string().trim().min(1).optional(),
  /** userIDs that every complete read contains; without one of them the read is partial. */
  witnesses: z.array(z.string().min(1)).default([]),
  /** A read with fewer accounts is partial. */
  expectAtLeast: z.int().min(0).default(0),
  /** userIDs of supervisors who are no resources: a team may name them without making the read partial. */
  supervisorsOutside: z.array(z.string().min(1)).default([]),
});

export type UccxSettings = z.output<typeof settingsSchema>;

export const identityOf = ({ cluster, connection }: UccxSettings): string =>
  `uccx:${foldKey(cluster ?? new URL(connection.servers[0] ?? '').hostname)}`;

/** Without a name of its own the cluster is known by a server, so the order of the servers would decide whose userIDs these are. */
export function clusterWarnings({ cluster, connection: { servers } }: UccxSettings): string[] {
  const [first] = servers;
  if (cluster !== undefined || first === undefined || servers.length < 2) return [];
  return [
    `cluster is not set, so this source is known by the first of its ${servers.length} servers, and another order of them would hold all removals: set cluster to ${new URL(first).hostname}.`,
  ];
}
