-- AlterTable
ALTER TABLE "mirror_accounts" ADD COLUMN "agent_key" TEXT;
ALTER TABLE "mirror_accounts" ADD COLUMN "local_name_key" TEXT;
ALTER TABLE "mirror_accounts" ADD COLUMN "principal_key" TEXT;

-- AlterTable
ALTER TABLE "users" ADD COLUMN "local_name_key" TEXT;

-- AlterTable
ALTER TABLE "findings" ADD COLUMN "ignored_at" TEXT;
ALTER TABLE "findings" ADD COLUMN "ignored_by" TEXT;
ALTER TABLE "findings" ADD COLUMN "ignored_reason" TEXT;
ALTER TABLE "findings" ADD COLUMN "ignored_until" TEXT;

-- CreateIndex
CREATE INDEX "mirror_accounts_principal_key_idx" ON "mirror_accounts"("principal_key");

-- CreateIndex
CREATE INDEX "mirror_accounts_local_name_key_idx" ON "mirror_accounts"("local_name_key");

-- CreateIndex
CREATE INDEX "mirror_accounts_agent_key_idx" ON "mirror_accounts"("agent_key");

-- CreateIndex
CREATE INDEX "users_local_name_key_idx" ON "users"("local_name_key");

-- CreateIndex
CREATE INDEX "user_attributes_name_value_idx" ON "user_attributes"("name", "value");

-- Match keys of accounts are written anew by the next complete read; those of users are known here.
UPDATE "users" SET "local_name_key" = CASE
  WHEN instr("username_key", '@') > 1 THEN substr("username_key", 1, instr("username_key", '@') - 1)
  ELSE "username_key" END;
