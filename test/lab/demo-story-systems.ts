// The systems of the story, each in a process of its own: a directory, a UCCX and a UCCE with the same invented people.
// Invariant: either all of them run, or none does.
import { type CiscoStaff, ciscoStaff } from './cisco-staff.ts';
import { type DemoDirectory, startDemoDirectory } from './demo-directory-client.ts';
import { type SimulatorProcess, startSimulatorProcess } from './http-simulator-process.ts';
import { defaultTeamId, type UccxTeam } from './uccx-data.ts';

const size = { uccxAgents: 60, ucceAgents: 150 } as const;
/** Works for an agency and has no account in the directory. */
export const contractor = { firstName: 'Carla', lastName: 'Reyes', username: 'creyes' } as const;

export interface Systems {
  readonly staff: CiscoStaff;
  readonly directory: DemoDirectory;
  readonly uccx: SimulatorProcess<'uccx'>;
  readonly ucce: SimulatorProcess<'ucce'>;
  /** The large team of the UCCX; its members by userID. */
  readonly nightShift: { readonly team: UccxTeam; readonly members: readonly string[] };
}

export async function startSystems(): Promise<Systems> {
  const staff = ciscoStaff(size);
  const started = await Promise.allSettled([
    startDemoDirectory({ staff: size }),
    startSimulatorProcess({ kind: 'uccx', options: { staff: size } }),
    startSimulatorProcess({ kind: 'ucce', options: { staff: size } }),
  ]);
  try {
    const [directory, uccx, ucce] = [startedOne(started[0]), startedOne(started[1]), startedOne(started[2])];
    return { staff, directory, uccx, ucce, nightShift: await prepare(staff, uccx) };
  } catch (error) {
    await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
    throw error;
  }
}

function startedOne<System>(one: PromiseSettledResult<System>): System {
  if (one.status === 'rejected') throw one.reason;
  return one.value;
}

/** Where the shared staff has somebody else's login, a contractor sits; and who was without a team works at night. */
async function prepare({ uccx, traps }: CiscoStaff, simulator: Systems['uccx']): Promise<Systems['nightShift']> {
  const team = uccx.teams.find(({ name }) => name === 'Night Shift');
  if (team === undefined) throw new Error('the UCCX of the demo has no night shift');
  const { firstName, lastName } = contractor;
  await simulator.act('changeResource', traps.otherPersonsLogin.userID, { firstName, lastName });
  const joining = uccx.resources.filter(({ teamId }) => teamId === defaultTeamId).slice(2);
  for (const { userID } of joining) await simulator.act('changeResource', userID, { teamId: team.id });
  const members = [...uccx.resources.filter(({ teamId }) => teamId === team.id), ...joining];
  return { team, members: members.map(({ userID }) => userID) };
}

export async function stopSystems({ directory, uccx, ucce }: Systems): Promise<void> {
  await Promise.all([directory.stop(), uccx.stop(), ucce.stop()]);
}

/** They live as long as the folder does; answers their processes. */
export async function leaveSystems({ directory, uccx, ucce }: Systems, folder: string): Promise<readonly number[]> {
  directory.leaveRunning(folder);
  await Promise.all([uccx.leaveRunning(folder), ucce.leaveRunning(folder)]);
  return [directory.pid, uccx.pid, ucce.pid];
}
