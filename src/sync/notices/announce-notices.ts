// Tells the log and the metrics which notices were written. Called once their transaction is through, never before.

import type { Notice } from '../../model/notice.ts';
import type { EventSink } from '../events.ts';

export function announceNotices(emit: EventSink, notices: readonly Notice[]): void {
  for (const [source, written] of Map.groupBy(notices, (notice) => notice.source))
    emit({
      kind: 'notice:written',
      notices: written.map(({ kind }) => kind),
      ...(source === undefined ? {} : { source }),
    });
}
