// The connector as the daemon sees it; each question is answered by its own phase.

import { createHash } from 'node:crypto';
import type { CheckReport, Confirmation, Connector, ReadEvent, ReadRequest, RecordKind } from '../../src/connector.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { WantedAttributes } from '../connector-type.ts';
import { check } from './check.ts';
import { confirm } from './confirm.ts';
import { read } from './read.ts';
import { identityOf, type UccxSettings } from './settings.ts';

export class UccxConnector implements Connector {
  readonly idStability = 'reusable';
  /** Nothing narrows what is read: only another cluster has other records. */
  readonly scopeFingerprint: string;
  readonly #settings: UccxSettings;
  readonly #wanted: WantedAttributes;

  constructor(settings: UccxSettings, wanted: WantedAttributes) {
    this.scopeFingerprint = createHash('sha256').update(identityOf(settings)).digest('hex');
    this.#settings = settings;
    this.#wanted = wanted;
  }

  check(signal: AbortSignal): Promise<CheckReport> {
    return check(this.#settings, this.#wanted, signal);
  }

  read(request: ReadRequest, signal: AbortSignal): AsyncIterable<ReadEvent> {
    return read(this.#settings, this.#wanted, request, signal);
  }

  confirm(
    kind: RecordKind,
    ids: readonly ExternalId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<ExternalId, Confirmation>> {
    return confirm(this.#settings, kind, ids, signal);
  }
}
