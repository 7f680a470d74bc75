// The connector as the daemon sees it; each question is answered by its own phase.

import { createHash } from 'node:crypto';
import type { CheckReport, Confirmation, Connector, ReadEvent, ReadRequest, RecordKind } from '../../src/connector.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { foldKey } from '../../src/model/keys.ts';
import type { WantedAttributes } from '../connector-type.ts';
import { check } from './check.ts';
import { confirm } from './confirm.ts';
import { read } from './read.ts';
import { instanceOf, type UcceSettings } from './settings.ts';
import { sourceOf, type UcceSource } from './source.ts';

export class UcceConnector implements Connector {
  readonly idStability = 'immutable';
  readonly scopeFingerprint: string;
  readonly #source: UcceSource;

  constructor(settings: UcceSettings, wanted: WantedAttributes) {
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

/** Only what decides which records are read; servers, passwords and where the teams come from may change freely. */
function fingerprint(settings: UcceSettings): string {
  const { agents, ignoreRole } = settings;
  const sorted = (names: readonly string[] | undefined) => names?.map(foldKey).sort() ?? null;
  const scope = [instanceOf(settings), sorted(agents.departments), sorted(agents.peripherals), ignoreRole];
  return createHash('sha256').update(JSON.stringify(scope)).digest('hex');
}
