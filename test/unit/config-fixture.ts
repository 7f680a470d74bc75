// A kind of source for the tests of the configuration: small, strict, with a secret, a file and a warning.
import { z } from 'zod';
import type { ConnectorType } from '../../src/config/connector-type.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigInvalidError, formatProblem } from '../../src/config/problem.ts';
import { checkCron } from '../../src/sync/schedule/cron.ts';

const settingsSchema = z.strictObject({
  connection: z.strictObject({
    url: z.string(),
    password: z.string().min(1).optional(),
    caFile: z.string().optional(),
    tls: z.enum(['on', 'off']).default('on'),
    timeoutMs: z.int().min(1).default(1_000),
  }),
});

export const directory: ConnectorType = {
  type: 'directory',
  idStability: 'immutable',
  settingsSchema,
  settingKeys: ['connection'],
  secretPaths: [['connection', 'password']],
  filePaths: [['connection', 'caFile']],
  defaults: () => ({
    lifecycle: 'authority',
    correlation: ['username', 'email'],
    mapping: {
      fields: { username: { kind: 'first', attributes: ['uid'] }, email: { kind: 'first', attributes: ['mail'] } },
      attributes: { extension: { kind: 'first', attributes: ['ipphone'] } },
    },
    confirmReads: 1,
    createUsers: true,
    teamsFrom: 'groups',
  }),
  warnings: (settings) => (settingsSchema.parse(settings).connection.tls === 'off' ? ['TLS is off'] : []),
};

/** A whole file: the head, then one source whose keys beyond name, type and connection are `rest` (indented by four). */
export const fileWith = (rest: string, head = ''): string => `version: 1
store: { sqlite: rosterd.db }
audit: { keyFile: audit.key }
${head}sources:
  - name: hq
    type: directory
    connection: { url: "ldaps://dc1" }
${rest}`;

/** Line of the first key of `rest` in fileWith without a head. */
export const restLine = 8;

export const load = (text: string, file = '/etc/rosterd/rosterd.yaml') =>
  parseConfig(text, { file, connectorTypes: [directory], checkCron });

/** Every problem as `line:column path: message`, or nothing when the file is valid. */
export function problemsOf(text: string): readonly string[] {
  try {
    load(text, 'r.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replace(/^r\.yaml:/u, ''));
  }
}
