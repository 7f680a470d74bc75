// When the secrets of a source were last changed, as far as files tell: the daemon then tries a refused password at once.
// Invariant: the values are not read.

import { stat } from 'node:fs/promises';
import { asEpochMs, type EpochMs } from '../model/ids.ts';
import type { Config, SourceConfig } from './config.ts';

/** The configuration itself counts too: it names the user. Variables of the environment change only with a restart. */
export async function secretsChangedAt(
  { path }: Pick<Config, 'path'>,
  { secrets }: Pick<SourceConfig, 'secrets'>,
): Promise<EpochMs | undefined> {
  const files = secrets.flatMap(({ ref }) => ('file' in ref ? [ref.file] : []));
  const times = await Promise.all([path, ...files].map(changedAt));
  const newest = Math.max(...times.filter((time) => time !== undefined));
  return Number.isFinite(newest) ? asEpochMs(Math.floor(newest)) : undefined;
}

/** Also of a file that was put in its place with the time of long ago (`cp -p`). Undefined: it is not there. */
const changedAt = (file: string): Promise<number | undefined> =>
  stat(file).then(
    ({ mtimeMs, ctimeMs }) => Math.max(mtimeMs, ctimeMs),
    () => undefined,
  );
