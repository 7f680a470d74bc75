-- CreateTable
CREATE TABLE "pauses" (
    "scope" TEXT NOT NULL PRIMARY KEY,
    "reason" TEXT NOT NULL,
    "paused_by" TEXT NOT NULL,
    "since" TEXT NOT NULL,
    "paused_until" TEXT
);

-- CreateTable
CREATE TABLE "skips" (
    "source" TEXT NOT NULL PRIMARY KEY,
    "due_at" TEXT NOT NULL,
    "at" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "deliveries" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "target" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "notice_key" TEXT NOT NULL,
    "source" TEXT,
    "notice" TEXT NOT NULL,
    "created_at" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TEXT,
    "sent_at" TEXT,
    "gave_up_at" TEXT,
    "last_error" TEXT
);

-- AlterTable
ALTER TABLE "runs" ADD COLUMN "attempt" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "runs" ADD COLUMN "read_outcome" TEXT;

-- CreateIndex
CREATE INDEX "deliveries_next_attempt_at_idx" ON "deliveries"("next_attempt_at");

-- CreateIndex
CREATE UNIQUE INDEX "deliveries_target_notice_key_key" ON "deliveries"("target", "notice_key");

-- What earlier versions did not note but their states say.
UPDATE "runs" SET "read_outcome" = 'complete' WHERE "state" IN ('done', 'held');
UPDATE "runs" SET "read_outcome" = 'partial' WHERE "state" = 'partial';
