// The settings of a UCCE or PCCE source: strict, parsed offline, all defaults filled in.
// Invariant: what narrows the read is compared by us, after reading; nothing of it becomes a search at the server.

import { z } from 'zod';
import { httpConnectionSchema, httpWarnings } from '../http-source.ts';

const names = z.array(z.string().trim().min(1)).min(1).optional();

export const settingsSchema = z.strictObject({
  connection: httpConnectionSchema,
  /** What this installation is called where two of them are told apart; the API has no name for itself. Default: the host of the first server. */
  instance: z
    .string()
    .regex(/^[\w.:-]+$/u, 'may have letters, digits, dots, hyphens and colons only')
    .optional(),
  agents: z
    .strictObject({
      /** Names of departments; an agent without a department is in none of them. Absent: all agents. */
      departments: names,
      /** Names or numbers of peripherals. Absent: all. */
      peripherals: names,
    })
    .prefault({}),
  /** `auto`: from the list of teams, and where that is refused from the agents, without taking can-manage away. `agents`: they alone decide. */
  teamsFrom: z.enum(['auto', 'api', 'agents']).default('auto'),
  /** For the login of a supervisor: shows all agents instead of those of its own teams (UCCE). Needs witnesses, because PCCE ignores it. */
  ignoreRole: z.boolean().default(false),
  /** User names, agent IDs or ids of agents that every complete read contains; without one of them the read is partial. */
  witnesses: z.array(z.string().min(1)).default([]),
  /** A read with fewer agents is partial. */
  expectAtLeast: z.int().min(0).default(0),
});

export type UcceSettings = z.output<typeof settingsSchema>;

/** What this installation is called; the schema has made sure that the first server is an address. */
export const instanceOf = ({ instance, connection }: UcceSettings): string =>
  (instance ?? URL.parse(connection.servers[0] ?? '')?.host ?? '').toLowerCase();

export function warningsOf(settings: UcceSettings): string[] {
  const { connection, instance } = settings;
  const { user } = connection.login;
  const isQualified = user.includes('@') || user.includes('\\');
  return [
    ...httpWarnings(connection),
    ...(isQualified ? [] : [`login.user ${user} has no domain: UCCE and PCCE want it in full, as user@domain.`]),
    ...(instance !== undefined || connection.servers.length < 2
      ? []
      : [
          `instance is not set, so the installation is called ${instanceOf(settings)}, after the first of several servers: another order of the servers would look like another installation and hold all removals. Set instance to that name.`,
        ]),
  ];
}
