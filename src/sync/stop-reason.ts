// Why a run was told to stop: whoever aborts its signal says so with an error of the catalogue. `source-timeout`: it took longer
// than its schedule allows; `interrupted`: the process ends.

import { RosterdError } from '../model/errors.ts';

export function stopReason(signal: AbortSignal): RosterdError {
  return signal.reason instanceof RosterdError
    ? signal.reason
    : new RosterdError('interrupted', 'stopped by a signal', { cause: signal.reason });
}
