// Keeps the compiled code of the program from one command to the next: compiling is half of what a short command costs.
// Invariant: the cache is a folder of this user that nobody else can write to, because what lies there is run. Else there is none.

import { mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { environmentVariable } from './config/environment.ts';

export function keepCompiledCode(): void {
  try {
    const cacheHome = environmentVariable('XDG_CACHE_HOME') ?? '';
    const folder = join(isAbsolute(cacheHome) ? cacheHome : join(homedir(), '.cache'), 'rosterd');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (uid === process.getuid?.() && (mode & 0o022) === 0) enableCompileCache(folder);
  } catch {
    // No home, or a read-only one: the command starts a little slower.
  }
}
