// In which order all sources are read one after the other: that of the configuration, but a source comes after those that it waits for.

import type { SourceName } from '../model/ids.ts';

export interface OrderedSource {
  readonly name: SourceName;
  /** Sources that must have been read before it. */
  readonly correlateAfter?: readonly SourceName[];
}

export function inSyncOrder(sources: readonly OrderedSource[]): readonly SourceName[] {
  const order: SourceName[] = [];
  let left = sources;
  while (left.length > 0) {
    const waiting = new Set(left.map((source) => source.name));
    const isFree = ({ correlateAfter = [] }: OrderedSource): boolean =>
      correlateAfter.every((name) => !waiting.has(name));
    // The configuration has no circles; if it had, the order of the file would be as good as any.
    const next = left.find(isFree) ?? left[0];
    if (next === undefined) break;
    order.push(next.name);
    left = left.filter((source) => source !== next);
  }
  return order;
}
