// What a simulator in its own process and whoever started it tell each other, over the IPC channel of node:child_process.
import type { CiscoStaffOptions } from './cisco-staff.ts';
import type { HttpFault } from './http-faults.ts';
import type { UcceData } from './ucce-data.ts';
import type { UcceSimulatorOptions } from './ucce-simulator.ts';
import type { UcceState } from './ucce-state.ts';
import type { UccxData } from './uccx-data.ts';
import type { UccxSimulatorOptions } from './uccx-simulator.ts';
import type { UccxState } from './uccx-state.ts';

/** Who works there: the shared staff, made in the process; or what the test made itself. */
type Source<Data> = { readonly staff: CiscoStaffOptions } | { readonly data: Data };
export interface SimulatorKinds {
  readonly uccx: { readonly options: Omit<UccxSimulatorOptions, 'data'> & Source<UccxData>; readonly state: UccxState };
  readonly ucce: { readonly options: Omit<UcceSimulatorOptions, 'data'> & Source<UcceData>; readonly state: UcceState };
}
export type SimulatorKind = keyof SimulatorKinds;
export type SimulatorSetup = {
  readonly [Kind in SimulatorKind]: { readonly kind: Kind; readonly options: SimulatorKinds[Kind]['options'] };
}[SimulatorKind];

/** The methods of what a simulator holds, by which it changes; but for those that take a function. */
type Methods<State> = {
  readonly [Name in keyof State as Name extends 'derived'
    ? never
    : State[Name] extends Action
      ? Name
      : never]: State[Name];
};
type Action = (...args: never[]) => unknown;
export type ActionName<Kind extends SimulatorKind> = keyof Methods<SimulatorKinds[Kind]['state']> & string;
type ActionOf<Kind extends SimulatorKind, Name extends ActionName<Kind>> = Extract<
  Methods<SimulatorKinds[Kind]['state']>[Name],
  Action
>;
export type ActionArguments<Kind extends SimulatorKind, Name extends ActionName<Kind>> = Parameters<
  ActionOf<Kind, Name>
>;
/** A function cannot travel. */
export type ActionResult<Kind extends SimulatorKind, Name extends ActionName<Kind>> =
  ReturnType<ActionOf<Kind, Name>> extends Action ? undefined : ReturnType<ActionOf<Kind, Name>>;

export type SimulatorCommand =
  | { readonly do: 'start'; readonly setup: SimulatorSetup }
  | { readonly do: 'act'; readonly method: string; readonly args: readonly unknown[] }
  | { readonly do: 'addFault'; readonly fault: HttpFault }
  | { readonly do: 'removeFault'; readonly number: number }
  | { readonly do: 'clearFaults' | 'requests' | 'connectionCount' | 'dropConnections' }
  /** Ends when the folder is gone, and no longer with whoever started it. */
  | { readonly do: 'outlive'; readonly folder: string };
export type SimulatorMessage = { readonly id: number; readonly command: SimulatorCommand };
export type SimulatorReply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });
export interface SimulatorReady {
  readonly url: string;
  readonly caFile: string;
  readonly login: { readonly user: string; readonly password: string };
}
