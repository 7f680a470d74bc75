// Progress of a run on standard error: a bar per phase on a terminal, a plain line every few seconds elsewhere (a journal, a
// pipe), nothing with --quiet or --json. It listens to the run's events and can neither slow it down nor break it.

import { Presets, SingleBar } from 'cli-progress';
import type { EventSink, RunPhase, SyncEvent } from '../sync/events.ts';
import { durationText } from './duration-text.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  readonly onEvent: EventSink;
  /** Takes the bar off the screen; call before anything else is printed. */
  stop(): void;
}

const silent: Progress = { onEvent: () => undefined, stop: () => undefined };

export function createProgress(
  terminal: Terminal,
  options: { readonly style: 'silent' | 'shown'; readonly now: () => number },
): Progress {
  if (options.style === 'silent') return silent;
  return terminal.hasBars ? barProgress(terminal) : lineProgress(terminal, options.now);
}

const lineEveryMs = 5_000;

function lineProgress(terminal: Terminal, now: () => number): Progress {
  let lastAt = now();
  const onEvent = (event: SyncEvent): void => {
    const note = noteText(event);
    if (note !== undefined) terminal.errorLine(note);
    if (event.kind !== 'phase:progressed' || now() - lastAt < lineEveryMs) return;
    lastAt = now();
    terminal.errorLine(
      `${event.source}: ${event.phase} ${event.done}${event.total === undefined ? '' : ` of ${event.total}`}`,
    );
  };
  return { onEvent, stop: () => undefined };
}

/** What is worth a line in either form. */
function noteText(event: SyncEvent): string | undefined {
  switch (event.kind) {
    case 'read:ended':
      return event.outcome === 'complete'
        ? `${event.source}: read ${event.accounts} accounts, ${event.groups} groups, ${event.edges} members in ${durationText(event.durationMs)}`
        : `${event.source}: the read is ${event.outcome}: ${event.because ?? 'no reason given'}`;
    case 'run:interrupted-closed':
      return `${event.source}: run ${event.interrupted} had been interrupted; it is closed and its work is done again`;
    case 'tls:off':
      return `${event.source}: warning: TLS is off, passwords travel readable over the network`;
    default:
      return undefined;
  }
}

function barProgress(terminal: Terminal): Progress {
  let bar: SingleBar | undefined;
  let phase: RunPhase | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
    phase = undefined;
  };
  const show = (event: Extract<SyncEvent, { kind: 'phase:started' | 'phase:progressed' }>): void => {
    const done = event.kind === 'phase:progressed' ? event.done : 0;
    if (bar === undefined || phase !== event.phase) {
      stop();
      phase = event.phase;
      bar = newBar(terminal, event.total !== undefined);
      bar.start(event.total ?? 0, done, { source: event.source, phase: event.phase });
    }
    // The total is an estimate from the read before; a bar never runs over its end.
    if (event.total !== undefined) bar.setTotal(Math.max(event.total, done));
    bar.update(done);
  };
  const onEvent = (event: SyncEvent): void => {
    if (event.kind === 'phase:started' || event.kind === 'phase:progressed') show(event);
    const note = noteText(event);
    if (note === undefined && event.kind !== 'run:ended') return;
    stop();
    if (note !== undefined) terminal.errorLine(note);
  };
  return { onEvent, stop };
}

function newBar(terminal: Terminal, isMeasured: boolean): SingleBar {
  const format = isMeasured
    ? '{source} {phase} [{bar}] {value}/{total} {duration_formatted}'
    : '{source} {phase} {value} {duration_formatted}';
  return new SingleBar(
    { format, stream: terminal.errorStream, clearOnComplete: true, hideCursor: true, barsize: 30, etaBuffer: 50 },
    Presets.legacy,
  );
}
