// Names the process that holds a lease, so that another one can tell whether it is still alive.
// Format: host:boot:pid:start. The boot carries the pid namespace too: in another container the same pid is another process.

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseHolder } from '../model/holder.ts';

export function makeHolder(pid: number = process.pid): string {
  return `${hostname().replaceAll(':', '_')}:${bootId()}:${pid}:${startOf(pid) ?? '0'}`;
}

/** True only when it is certain: same host, same boot, and no such process (or another one with its number). */
export function isDead(holder: string): boolean {
  const [other, own] = [parseHolder(holder), parseHolder(makeHolder())];
  if (other === undefined || own === undefined || other.host !== own.host || other.boot !== own.boot) return false;
  if (!isRunning(other.pid)) return true;
  const start = startOf(other.pid);
  return start !== undefined && other.start !== '0' && start !== other.start;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function bootId(): string {
  const boot = readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), 'unknown');
  const namespace = readOr(() => readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''), '0');
  return `${boot}.${namespace}`;
}

/** Field 22 of /proc/pid/stat (proc(5)); the name in field 2 may hold blanks and brackets, so counting starts after it. */
function startOf(pid: number): string | undefined {
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not looked yet.
  return fields[0] === 'Z' ? 'ended' : fields[19];
}

function readOr(read: () => string, fallback: string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}
