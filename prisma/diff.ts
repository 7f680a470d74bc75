// Turns two texts of the model into the SQL that leads from one to the other, for either provider, without any database or download.
// Prisma's schema engine runs as WebAssembly (dev-only). It asks its adapter nothing but the server's version, so a stub answers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { type Provider, schemaOf } from './providers.ts';

// The oldest server that the migrations are written for.
const postgresVersion = { name: 'PostgreSQL 14.0', number: 140_000 };

// Node has WebAssembly; its types come only with those of a browser, which the rest of the code must not see.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

let engineIsLoaded = false;

function loadEngine(): void {
  if (engineIsLoaded) return;
  const script = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const module = new WebAssembly.Module(readFileSync(script.replace(/\.js$/, '.wasm')));
  const instance = new WebAssembly.Instance(module, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as (() => void) | undefined)?.();
  engineIsLoaded = true;
}

function refuse(): never {
  throw new Error('The schema engine asked for a database. Comparing two models needs none; see prisma/diff.ts.');
}

function stubFactory(provider: Provider): SqlMigrationAwareDriverAdapterFactory {
  const kind = provider === 'postgresql' ? 'postgres' : 'sqlite';
  const connection: SqlDriverAdapter = {
    provider: kind,
    adapterName: 'stub',
    queryRaw: async ({ sql }) => {
      if (!sql.includes('server_version_num')) return refuse();
      return {
        columnNames: ['exists', 'version', 'numeric_version'],
        columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
        rows: [[true, postgresVersion.name, postgresVersion.number]],
      };
    },
    executeRaw: async () => refuse(),
    executeScript: async () => refuse(),
    startTransaction: async () => refuse(),
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: false }),
    dispose: async () => {},
  };
  return {
    provider: kind,
    adapterName: 'stub',
    connect: async () => connection,
    connectToShadowDb: async () => connection,
  };
}

/** The SQL that leads from one text of the model (undefined: an empty database) to another; undefined when nothing differs. */
export async function diffModels(
  provider: Provider,
  from: string | undefined,
  to: string,
): Promise<string | undefined> {
  loadEngine();
  const target = schemaOf(provider, to);
  const engine = await bindings.SchemaEngine.new(
    { datamodels: target.map(({ path, content }) => [path, content]) },
    () => {},
    bindMigrationAwareSqlAdapterFactory(stubFactory(provider)),
  );
  try {
    const { stdout } = await engine.diff({
      from: from === undefined ? { tag: 'empty' } : { tag: 'schemaDatamodel', files: schemaOf(provider, from) },
      to: { tag: 'schemaDatamodel', files: target },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    if (stdout === undefined || stdout === null) throw new Error(`The schema engine answered nothing for ${provider}.`);
    return stdout.includes('-- This is an empty migration') ? undefined : withoutCreateSchema(stdout);
  } finally {
    engine.free();
  }
}

// The schema exists already and may have another name than "public"; creating it would also need rights on the whole database.
function withoutCreateSchema(sql: string): string {
  return sql.replace(/^-- CreateSchema\nCREATE SCHEMA IF NOT EXISTS "public";\n\n/, '');
}
