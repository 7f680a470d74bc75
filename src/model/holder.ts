// The process that holds a lease, as the lease names it: `host:boot:pid:start`.

export interface Holder {
  readonly host: string;
  /** Of the machine and its pid namespace. */
  readonly boot: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot; `0` where the system does not tell. A pid may be given out again. */
  readonly start: string;
}

export function parseHolder(text: string): Holder | undefined {
  const [host, boot, pid, start, ...more] = text.split(':');
  if (host === undefined || boot === undefined || start === undefined || more.length > 0) return undefined;
  return /^\d+$/.test(pid ?? '') ? { host, boot, pid: Number(pid), start } : undefined;
}
