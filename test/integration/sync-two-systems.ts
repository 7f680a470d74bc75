// A directory (`hq`, which decides who works here) and a system that plays a contact centre (`west`: extensions, agent ids, teams)
// for tests of what only shows between the two. Both are scripted; `west` is a directory that the policy takes for a UCCX.

import type { RunReport } from '../../src/cli/app.ts';
import { asSourceName, type SourceName } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import { approveHeld } from '../../src/sync/decide-held.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import { changesOf } from '../../src/sync/judge-plan.ts';
import { runSource } from '../../src/sync/run-source.ts';
import { hq, minute, type Office, type OfficeOptions, openOffice } from './sync-fixture.ts';

export const west = asSourceName('west');

export interface TwoSystems {
  readonly office: Office;
  /** Where people and groups of the contact centre are. */
  readonly unit: string;
  sync(source: SourceName, intent?: 'apply' | 'plan'): Promise<Run>;
  approve(run: Run): Promise<Run>;
  /** Runs both, approving what is held, until nothing changes. */
  settle(): Promise<void>;
  /** The same person in the contact centre; matched by e-mail. */
  hireAgent(login: string, attributes?: Readonly<Record<string, string>>): Promise<void>;
  /** Open findings as `code label source`, sorted; without those of values that a test moves to and fro. */
  findings(): Promise<readonly string[]>;
}

const anyState = ['planned', 'held', 'applied', 'obsolete', 'conflict', 'superseded', 'rejected'] as const;

/** What the command line prints of a run. */
export function reportOf({ store }: Office, run: Run): RunReport {
  const { held } = run.counts;
  return {
    run,
    changeCounts: held === 0 ? {} : { held },
    changes: (filter) => changesOf(store.read, run.id, filter?.states ?? anyState),
  };
}

export async function openTwoSystems(options: OfficeOptions = {}): Promise<TwoSystems> {
  const { head, ...others } = options;
  const office = await openOffice({ pageSize: 200, ...others });
  const unit = await office.staff.unit('West');
  const { server } = office;
  await office.configure({
    ...(head !== undefined && { head }),
    source: `  - name: west
    type: active-directory
    connection:
      servers: ["${server.url}"]
      tls: { caFile: ca.pem }
      bind: { user: "${server.reader.user}", password: { file: password } }
    users: { base: "${unit}" }
    groups: { base: "${unit}" }
    correlation: [email]
    lifecycle: none
    attributes: { extension: ipPhone, agentId: employeeID }
`,
  });
  /** The configuration may be written again by a test. */
  const deps = (): SyncDeps => {
    const sources = office.deps.policy.sources.map((one) => (one.name === west ? { ...one, type: 'uccx' } : one));
    return { ...office.deps, policy: { ...office.deps.policy, sources } };
  };
  const sync = (source: SourceName, intent: 'apply' | 'plan' = 'apply'): Promise<Run> => {
    office.forward(minute);
    const request = { source, mode: 'full', intent, trigger: 'schedule', actor: 'daemon' } as const;
    return runSource(deps(), request, new AbortController().signal);
  };
  const approve = async ({ id }: Run): Promise<Run> => {
    const decision = { actor: 'cli:boss@lab', reason: 'looked at it' };
    return (await approveHeld(deps(), id, decision, new AbortController().signal)).run;
  };
  return {
    office,
    unit,
    sync,
    approve,
    async settle() {
      for (const source of [hq, west, hq, west]) {
        const run = await sync(source);
        // What is held names the teams that this run has made by their groups; the next one knows their numbers.
        if (run.state === 'held') await approve(await sync(source));
      }
    },
    hireAgent: (login, attributes = {}) =>
      office.staff.hire(
        `w-${login}`,
        {
          mail: `${login}@example.test`,
          givenName: login,
          ipPhone: `1${login}`,
          employeeID: `7${login}`,
          ...attributes,
        },
        unit,
      ),
    async findings() {
      const open = await office.admin.listFindings({ state: 'open', limit: 1_000 });
      const told = open.filter(({ code }) => code !== 'value-flapping');
      return told.map(({ code, label, source }) => `${code} ${label} ${source ?? 'local'}`).sort();
    },
  };
}
