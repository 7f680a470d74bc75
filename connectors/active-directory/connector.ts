// The connector as the daemon sees it; each question is answered by its own phase.

import { createHash } from 'node:crypto';
import type { CheckReport, Confirmation, Connector, ReadEvent, ReadRequest, RecordKind } from '../../src/connector.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { WantedAttributes } from '../connector-type.ts';
import { check } from './check.ts';
import { confirm } from './confirm.ts';
import { read } from './read.ts';
import type { AdSettings } from './settings.ts';
import { sourceOf } from './source.ts';

export class AdConnector implements Connector {
  readonly idStability = 'immutable';
  readonly scopeFingerprint: string;
  readonly #source: ReturnType<typeof sourceOf>;

  constructor(settings: AdSettings, wanted: WantedAttributes) {
    this.scopeFingerprint = fingerprint(settings);
    this.#source = sourceOf(settings, wanted);
  }

  check(signal: AbortSignal): Promise<CheckReport> {
    return check(this.#source, signal);
  }

  read(request: ReadRequest, signal: AbortSignal): AsyncIterable<ReadEvent> {
    return read(this.#source, request, signal);
  }

  confirm(
    kind: RecordKind,
    ids: readonly ExternalId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<ExternalId, Confirmation>> {
    return confirm(this.#source, kind, ids, signal);
  }
}

/** Only what decides which records are read; servers, passwords and attributes may change freely. */
function fingerprint({ preset, users, groups }: AdSettings): string {
  const scope = [
    preset,
    [users.base, users.scope, users.filter ?? null, [...users.memberOf].sort()],
    groups === undefined ? null : [groups.base, groups.scope, groups.filter ?? null],
  ];
  return createHash('sha256').update(JSON.stringify(scope)).digest('hex');
}
