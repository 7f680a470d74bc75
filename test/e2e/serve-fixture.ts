// What the tests of the daemon as a process share: an office that it serves, pipes that hang, ports.
// Invariant: after `cleanUp` no process, file or listener is left.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'vitest';
import { type Office, type OfficeOptions, openOffice } from '../integration/sync-fixture.ts';
import { DaemonProcess } from '../lab/daemon-process.ts';

const everySecond = '    schedule: { full: "* * * * * *" }\n';

const daemons: DaemonProcess[] = [];
/** What a test leaves behind, the newest first. */
export const cleanUps: (() => unknown)[] = [];

export async function cleanUp(): Promise<void> {
  for (const daemon of daemons.splice(0)) await daemon.end();
  for (const end of cleanUps.splice(0).reverse()) await end();
}

export async function openWith(serve: string, more: Pick<OfficeOptions, 'head'> = {}): Promise<Office> {
  const office = await openOffice({
    startAt: Date.now(),
    source: everySecond,
    head: `serve: { ${serve} }\n${more.head ?? ''}`,
  });
  cleanUps.push(() => office.close());
  await office.staff.hireMany(5, 'q');
  return office;
}

export function start(configFile: string, environment: Readonly<Record<string, string>> = {}): DaemonProcess {
  const daemon = new DaemonProcess(configFile, environment);
  daemons.push(daemon);
  return daemon;
}

export async function listenSomewhere(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

export function makePipe(file: string): void {
  rmSync(file, { force: true });
  execFileSync('mkfifo', ['-m', '600', file]);
}

/** Waits until somebody reads the pipe, and keeps him waiting, like a mount that does not answer, until it is told what to say. */
export async function hangReader(file: string): Promise<(text: Uint8Array) => void> {
  let end: number | undefined;
  await expect
    .poll(
      () => {
        try {
          // ENXIO while nobody has opened it for reading.
          end = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
        } catch {
          return false;
        }
        return true;
      },
      { timeout: 60_000 },
    )
    .toBe(true);
  const close = (): void => {
    if (end !== undefined) closeSync(end);
    end = undefined;
  };
  cleanUps.push(close);
  return (text) => {
    if (end !== undefined) writeSync(end, text);
    close();
  };
}
