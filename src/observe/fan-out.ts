// One event to many listeners.

import type { EventSink } from '../sync/events.ts';

/** A listener that throws (or whose promise fails) is warned about once and does not keep the others, or the run, from going on. */
export function fanOut(...sinks: readonly EventSink[]): EventSink {
  const broken = new Set<EventSink>();
  const complain = (sink: EventSink, error: unknown): void => {
    if (broken.has(sink)) return;
    broken.add(sink);
    // Not the log: the listener that broke may be the log.
    process.emitWarning(error instanceof Error ? (error.stack ?? error.message) : String(error), 'BrokenEventListener');
  };
  return (event) => {
    for (const sink of sinks) {
      try {
        // An async function passes for an EventSink; its failure would otherwise end the process as an unhandled rejection.
        const answer: unknown = sink(event);
        if (answer instanceof Promise) answer.catch((error: unknown) => complain(sink, error));
      } catch (error) {
        complain(sink, error);
      }
    }
  };
}
