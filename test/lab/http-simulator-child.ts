// The process of one simulator; started by http-simulator-process.ts only. It ends when the channel to its parent closes,
// however the parent ended, and leaves no file behind.
import { existsSync } from 'node:fs';
import { ciscoStaff } from './cisco-staff.ts';
import type { HttpSimulator } from './http-simulator.ts';
import type {
  SimulatorCommand,
  SimulatorMessage,
  SimulatorReady,
  SimulatorReply,
  SimulatorSetup,
} from './http-simulator-protocol.ts';
import { startUcceSimulator } from './ucce-simulator.ts';
import { startUccxSimulator } from './uccx-simulator.ts';

type Running = HttpSimulator & { readonly state: object; readonly login: SimulatorReady['login'] };

const undoes = new Map<number, () => void>();
let running: Running | undefined;
let isOutliving = false;

const reply = (message: SimulatorReply): void => {
  process.send?.(message, () => undefined);
};
const end = async (): Promise<void> => {
  await running?.stop();
  process.exit(0);
};

process.once('disconnect', () => {
  if (!isOutliving) void end();
});
process.once('SIGTERM', () => void end());
process.once('SIGINT', () => void end());
process.on('message', ({ id, command }: SimulatorMessage) => {
  obey(command).then(
    (result) => reply({ id, result }),
    (reason: unknown) => reply({ id, error: reason instanceof Error ? reason.message : 'failed without a message' }),
  );
});

function start(setup: SimulatorSetup): Promise<Running> {
  switch (setup.kind) {
    case 'uccx': {
      const { options } = setup;
      return startUccxSimulator({
        ...options,
        data: 'data' in options ? options.data : ciscoStaff(options.staff).uccx,
      });
    }
    case 'ucce': {
      const { options } = setup;
      return startUcceSimulator({
        ...options,
        data: 'data' in options ? options.data : ciscoStaff(options.staff).ucce,
      });
    }
    default:
      return setup satisfies never;
  }
}

async function obey(command: SimulatorCommand): Promise<unknown> {
  if (command.do === 'start') {
    running = await start(command.setup);
    const { url, caFile, login } = running;
    return { url, caFile, login } satisfies SimulatorReady;
  }
  if (running === undefined) throw new Error('the simulator was not started');
  switch (command.do) {
    case 'act':
      return act(running.state, command.method, command.args);
    case 'addFault': {
      const number = undoes.size + 1;
      undoes.set(number, running.faults.add(command.fault));
      return number;
    }
    case 'removeFault':
      undoes.get(command.number)?.();
      return undefined;
    case 'clearFaults':
      running.faults.clear();
      return undefined;
    case 'requests':
      return running.requests;
    case 'connectionCount':
      return running.connectionCount();
    case 'dropConnections':
      running.dropConnections();
      return undefined;
    case 'outlive':
      outlive(command.folder);
      return undefined;
    default:
      return command satisfies never;
  }
}

function act(state: object, method: string, args: readonly unknown[]): unknown {
  const action: unknown = Reflect.get(state, method);
  if (typeof action !== 'function') throw new Error(`there is no action ${method}`);
  const result: unknown = Reflect.apply(action, state, args);
  return typeof result === 'function' ? undefined : result;
}

function outlive(folder: string): void {
  isOutliving = true;
  setInterval(() => {
    if (!existsSync(folder)) void end();
  }, 1_000);
}
