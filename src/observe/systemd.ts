// Tells systemd how the daemon is (sd_notify(3)): ready, what it does, still alive, stopping. Node has no datagram sockets of
// the unix kind, so systemd-notify sends it, one process at a time. Invariant: systemd out of reach never hurts the daemon.

import { execFile } from 'node:child_process';

/** All calls end when the message is on its way, or was given up; none throws. */
export interface ServiceManager {
  ready(status: string): Promise<void>;
  /** What `systemctl status` shows. */
  status(text: string): Promise<void>;
  alive(): Promise<void>;
  stopping(): Promise<void>;
  /** How long systemd waits for `alive` before it kills the daemon: call it twice as often. Undefined: nobody waits. */
  readonly watchdogMs: number | undefined;
}

export interface ServiceManagerEnvironment {
  readonly notifySocket?: string;
  readonly watchdogUsec?: string;
  readonly watchdogPid?: string;
}

/** Without a socket nobody listens, and every call does nothing. `warn` is called at most once. */
export function createServiceManager(
  environment: ServiceManagerEnvironment,
  warn: (message: string) => void,
): ServiceManager {
  const { notifySocket } = environment;
  const send = notifySocket === undefined ? async () => undefined : sender(notifySocket, warnOnce(warn));
  return {
    ready: (status) => send({ READY: '1', STATUS: status }),
    status: (text) => send({ STATUS: text }),
    alive: () => send({ WATCHDOG: '1' }),
    stopping: () => send({ STOPPING: '1' }),
    watchdogMs: notifySocket === undefined ? undefined : watchdogOf(environment),
  };
}

/** As sd_watchdog_enabled(3) reads it: a watchdog that was set for another process is not ours. */
function watchdogOf({ watchdogUsec = '', watchdogPid }: ServiceManagerEnvironment): number | undefined {
  if (watchdogPid !== undefined && watchdogPid !== String(process.pid)) return undefined;
  return /^[1-9]\d*$/u.test(watchdogUsec) ? Number(watchdogUsec) / 1000 : undefined;
}

type Message = Readonly<Partial<Record<'READY' | 'STATUS' | 'WATCHDOG' | 'STOPPING', string>>>;

/** What is said while a message is on its way is sent after it as one: the newest status, and a sign of life once. */
function sender(socket: string, warn: (message: string) => void): (message: Message) => Promise<void> {
  let waiting: Message = {};
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const flush = (): Promise<void> => {
    const message = waiting;
    waiting = {};
    next = undefined;
    current = notify(socket, message, warn);
    return current;
  };
  return (message) => {
    waiting = { ...waiting, ...message };
    next ??= current.then(flush);
    return next;
  };
}

/** systemd-notify waits up to 5 s until systemd has read the message, because a sender that is gone cannot be told apart. */
const timeoutMs = 10_000;

function notify(socket: string, message: Message, warn: (message: string) => void): Promise<void> {
  // A line break would begin another assignment.
  const lines = Object.entries(message).map(
    ([name, value]) => `${name}=${value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`,
  );
  // Nothing else of the environment, which may hold secrets; without PATH the system's own folders are searched.
  const options = { env: { NOTIFY_SOCKET: socket }, timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile('systemd-notify', lines, options, (error, _stdout, stderr) => {
      if (error !== null) warn(stderr.trim() || error.message);
      resolve();
    });
  });
}

function warnOnce(warn: (message: string) => void): (because: string) => void {
  let isTold = false;
  return (because) => {
    if (isTold) return;
    isTold = true;
    warn(
      `systemd cannot be told how the daemon is (systemd-notify: ${because}). It may take the daemon for dead: the unit needs systemd-notify on this machine, NotifyAccess=all and AF_UNIX.`,
    );
  };
}
