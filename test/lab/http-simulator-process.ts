// A UCCX or UCCE simulator in a process of its own, for the demo and end-to-end tests: faults and changes reach it while it runs.
// Invariant: after `stop` the process is gone; and it ends by itself when this one does.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HttpFault } from './http-faults.ts';
import type { LoggedRequest } from './http-simulator.ts';
import type {
  ActionArguments,
  ActionName,
  ActionResult,
  SimulatorCommand,
  SimulatorKind,
  SimulatorKinds,
  SimulatorReady,
  SimulatorReply,
  SimulatorSetup,
} from './http-simulator-protocol.ts';

export interface SimulatorProcess<Kind extends SimulatorKind> extends SimulatorReady {
  readonly pid: number;
  /** Calls a method of what the simulator holds, UccxState or UcceState: `act('removeResource', 'mhorvat')`. */
  act<Name extends ActionName<Kind>>(
    method: Name,
    ...args: ActionArguments<Kind, Name>
  ): Promise<ActionResult<Kind, Name>>;
  /** Answers a function that takes the fault away again. */
  addFault(fault: HttpFault): Promise<() => Promise<void>>;
  clearFaults(): Promise<void>;
  requests(): Promise<readonly LoggedRequest[]>;
  connectionCount(): Promise<number>;
  dropConnections(): Promise<void>;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
  /** Lets the process outlive this one for as long as the folder is there. */
  leaveRunning(folder: string): Promise<void>;
}

export async function startSimulatorProcess<Kind extends SimulatorKind>(setup: {
  readonly kind: Kind;
  readonly options: SimulatorKinds[Kind]['options'];
}): Promise<SimulatorProcess<Kind>> {
  const script = fileURLToPath(new URL('./http-simulator-child.ts', import.meta.url));
  const child = fork(script, [], {
    // What this process was told, a test runner perhaps, is not for that one.
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const channel = new Channel(child);
  const tell = (command: SimulatorCommand): Promise<unknown> => channel.tell(command);
  const ready = (await tell({ do: 'start', setup: setup as SimulatorSetup }).catch(async (reason: unknown) => {
    await channel.end();
    throw reason;
  })) as SimulatorReady;
  return {
    ...ready,
    pid: child.pid ?? 0,
    act: async <Name extends ActionName<Kind>>(method: Name, ...args: ActionArguments<Kind, Name>) =>
      (await tell({ do: 'act', method, args })) as ActionResult<Kind, Name>,
    async addFault(fault) {
      const number = (await tell({ do: 'addFault', fault })) as number;
      return async () => void (await tell({ do: 'removeFault', number }));
    },
    clearFaults: async () => void (await tell({ do: 'clearFaults' })),
    requests: async () => (await tell({ do: 'requests' })) as readonly LoggedRequest[],
    connectionCount: async () => (await tell({ do: 'connectionCount' })) as number,
    dropConnections: async () => void (await tell({ do: 'dropConnections' })),
    stop: () => channel.end(),
    async leaveRunning(folder) {
      await tell({ do: 'outlive', folder });
      channel.release();
    },
  };
}

type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (reason: Error) => void };

class Channel {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #complaint = '';
  #nextId = 1;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (text: Buffer) => {
      this.#complaint = `${this.#complaint}${text.toString()}`.slice(-4_000);
    });
    child.on('message', (message) => this.#take(message as SimulatorReply));
    // A channel that breaks is told of by the exit that follows.
    child.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      // `close` does not come after a disconnect of this side.
      child.once('exit', (code) => {
        const reason = new Error(`the simulator ended: ${this.#complaint || `exit code ${code}`}`);
        for (const { reject } of this.#waiting.values()) reject(reason);
        this.#waiting.clear();
        resolve();
      });
    });
  }

  tell(command: SimulatorCommand): Promise<unknown> {
    if (!this.#child.connected) return Promise.reject(new Error('the simulator has ended'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command });
    });
  }

  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }

  release(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    this.#child.stderr?.destroy();
  }

  #take(reply: SimulatorReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.result);
  }
}
