// One vitest project per kind of test, so that each kind has its own folder, timeout and command (`npx vitest run --project laws`).
import { defineConfig } from 'vitest/config';

const second = 1_000;

const projects = [
  { name: 'unit', testTimeoutMs: 30 * second },
  { name: 'laws', testTimeoutMs: 60 * second },
  { name: 'contract', testTimeoutMs: 60 * second },
  { name: 'store', testTimeoutMs: 60 * second },
  { name: 'integration', testTimeoutMs: 120 * second },
  { name: 'e2e', testTimeoutMs: 180 * second },
];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
    projects: projects.map(({ name, testTimeoutMs }) => ({
      extends: true,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: testTimeoutMs,
        // Servers of the lab (PostgreSQL, slapd, Samba) start in hooks.
        hookTimeout: 120 * second,
        teardownTimeout: 30 * second,
      },
    })),
  },
});
