-- AlterTable
ALTER TABLE "mirror_accounts" ADD COLUMN     "agent_key" TEXT,
ADD COLUMN     "local_name_key" TEXT,
ADD COLUMN     "principal_key" TEXT;

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "local_name_key" TEXT;

-- AlterTable
ALTER TABLE "findings" ADD COLUMN     "ignored_at" TEXT,
ADD COLUMN     "ignored_by" TEXT,
ADD COLUMN     "ignored_reason" TEXT,
ADD COLUMN     "ignored_until" TEXT;

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

-- Who is known already is found by the login without `DOMAIN\` and `@domain` before the next complete read writes all keys anew:
-- else a source that is read first would make users of people who are there. After the last backslash, before the first @.
UPDATE "users" SET "local_name_key" = (
  SELECT CASE WHEN position('@' IN n."name") > 1 THEN substr(n."name", 1, position('@' IN n."name") - 1) ELSE n."name" END
  FROM (SELECT substr("username_key", length(rtrim("username_key", replace("username_key", '\', ''))) + 1) AS "name") n);
UPDATE "mirror_accounts" SET "local_name_key" = (
  SELECT CASE WHEN position('@' IN n."name") > 1 THEN substr(n."name", 1, position('@' IN n."name") - 1) ELSE n."name" END
  FROM (SELECT substr("username_key", length(rtrim("username_key", replace("username_key", '\', ''))) + 1) AS "name") n);
