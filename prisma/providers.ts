// The two stores that one model serves, and where each keeps its datasource, migrations and generated client.
// Invariant: prisma/models.prisma is the only hand-written model; everything per provider is derived from it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const providers = ['sqlite', 'postgresql'] as const;
export type Provider = (typeof providers)[number];

export const root = join(import.meta.dirname, '..');
export const modelsPath = join(root, 'prisma/models.prisma');

export function datasourcePath(provider: Provider): string {
  return join(root, 'prisma', provider, 'datasource.prisma');
}

export function migrationsPath(provider: Provider): string {
  return join(root, 'prisma', provider, 'migrations');
}

export function clientPath(provider: Provider): string {
  return join(root, 'src/store/generated', provider);
}

export interface SchemaFile {
  readonly path: string;
  readonly content: string;
}

/** The whole schema of one provider: its datasource and the given text of the models. */
export function schemaOf(provider: Provider, models: string): SchemaFile[] {
  return [
    { path: 'datasource.prisma', content: readFileSync(datasourcePath(provider), 'utf8') },
    { path: 'models.prisma', content: models },
  ];
}
