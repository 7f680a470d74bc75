-- CreateTable
CREATE TABLE "sources" (
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "server_identity" TEXT,
    "scope_fingerprint" TEXT,
    "policy_fingerprint" TEXT,
    "cursor" TEXT,
    "first_applied_at" TEXT,
    "first_complete_at" TEXT,

    CONSTRAINT "sources_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "mirror_accounts" (
    "key" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "dn" TEXT,
    "dn_key" TEXT,
    "status" TEXT NOT NULL,
    "expires_at" TEXT,
    "attributes" TEXT NOT NULL,
    "unread" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "presence" TEXT NOT NULL,
    "presence_since" TEXT,
    "confirmed_reads" INTEGER NOT NULL DEFAULT 0,
    "evidence" TEXT,
    "suspect" TEXT,
    "quarantine" TEXT,
    "username_key" TEXT,
    "email_key" TEXT,
    "employee_key" TEXT,

    CONSTRAINT "mirror_accounts_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "mirror_groups" (
    "key" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "dn" TEXT,
    "dn_key" TEXT,
    "attributes" TEXT NOT NULL,
    "unread" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "presence" TEXT NOT NULL,
    "presence_since" TEXT,
    "confirmed_reads" INTEGER NOT NULL DEFAULT 0,
    "evidence" TEXT,
    "suspect" TEXT,
    "members_digest" TEXT,
    "managers_digest" TEXT,
    "team_id" INTEGER,

    CONSTRAINT "mirror_groups_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "mirror_edges" (
    "group_key" INTEGER NOT NULL,
    "account_key" INTEGER NOT NULL,
    "relation" TEXT NOT NULL,

    CONSTRAINT "mirror_edges_pkey" PRIMARY KEY ("group_key","account_key","relation")
);

-- CreateTable
CREATE TABLE "mirror_group_edges" (
    "parent_key" INTEGER NOT NULL,
    "child_key" INTEGER NOT NULL,
    "relation" TEXT NOT NULL,

    CONSTRAINT "mirror_group_edges_pkey" PRIMARY KEY ("parent_key","child_key","relation")
);

-- CreateTable
CREATE TABLE "mirror_unresolved_edges" (
    "group_key" INTEGER NOT NULL,
    "relation" TEXT NOT NULL,
    "ref_kind" TEXT NOT NULL,
    "ref" TEXT NOT NULL,
    "ref_key" TEXT NOT NULL,

    CONSTRAINT "mirror_unresolved_edges_pkey" PRIMARY KEY ("group_key","relation","ref_kind","ref")
);

-- CreateTable
CREATE TABLE "users" (
    "id" INTEGER NOT NULL,
    "origin" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "username_key" TEXT,
    "email" TEXT,
    "email_key" TEXT,
    "employee_key" TEXT,
    "fields" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "activated" BOOLEAN NOT NULL,
    "admin_hold" TEXT,
    "sync_off" TEXT,
    "main_team_id" INTEGER,
    "recheck_at" TEXT,
    "created_at" TEXT NOT NULL,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "links" (
    "account_key" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "since" TEXT NOT NULL,

    CONSTRAINT "links_pkey" PRIMARY KEY ("account_key")
);

-- CreateTable
CREATE TABLE "teams" (
    "id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "parent_id" INTEGER,

    CONSTRAINT "teams_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "memberships" (
    "user_id" INTEGER NOT NULL,
    "team_id" INTEGER NOT NULL,
    "owner" TEXT NOT NULL,

    CONSTRAINT "memberships_pkey" PRIMARY KEY ("user_id","team_id","owner")
);

-- CreateTable
CREATE TABLE "grants" (
    "user_id" INTEGER NOT NULL,
    "team_id" INTEGER NOT NULL,
    "owner" TEXT NOT NULL,

    CONSTRAINT "grants_pkey" PRIMARY KEY ("user_id","team_id","owner")
);

-- CreateTable
CREATE TABLE "user_roles" (
    "user_id" INTEGER NOT NULL,
    "role" TEXT NOT NULL,
    "owner" TEXT NOT NULL,

    CONSTRAINT "user_roles_pkey" PRIMARY KEY ("user_id","role","owner")
);

-- CreateTable
CREATE TABLE "user_attributes" (
    "user_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "user_attributes_pkey" PRIMARY KEY ("user_id","name","owner")
);

-- CreateTable
CREATE TABLE "pins" (
    "user_id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "value" TEXT,
    "reason" TEXT NOT NULL,
    "pinned_by" TEXT NOT NULL,
    "since" TEXT NOT NULL,
    "pinned_until" TEXT,

    CONSTRAINT "pins_pkey" PRIMARY KEY ("user_id","kind","subject")
);

-- CreateTable
CREATE TABLE "dirty_users" (
    "user_id" INTEGER NOT NULL,
    "because" TEXT NOT NULL,
    "mark" INTEGER NOT NULL,

    CONSTRAINT "dirty_users_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "dirty_accounts" (
    "account_key" INTEGER NOT NULL,
    "source" TEXT NOT NULL,

    CONSTRAINT "dirty_accounts_pkey" PRIMARY KEY ("account_key")
);

-- CreateTable
CREATE TABLE "dirty_groups" (
    "group_key" INTEGER NOT NULL,
    "source" TEXT NOT NULL,

    CONSTRAINT "dirty_groups_pkey" PRIMARY KEY ("group_key")
);

-- CreateTable
CREATE TABLE "runs" (
    "id" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "dry_run" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL,
    "started_at" TEXT NOT NULL,
    "ended_at" TEXT,
    "error_code" TEXT,
    "because" TEXT,
    "counts" TEXT NOT NULL,
    "proof" TEXT,
    "verdict" TEXT,
    "applied" TEXT,
    "enabled_before" INTEGER,
    "held_checksum" TEXT,
    "held_run_id" INTEGER,
    "audit_head" TEXT,

    CONSTRAINT "runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "changes" (
    "id" INTEGER NOT NULL,
    "run_id" INTEGER NOT NULL,
    "subject" TEXT NOT NULL,
    "user_id" INTEGER,
    "label" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "atomic" TEXT,
    "because" TEXT,
    "payload" TEXT,
    "payload_hash" TEXT NOT NULL,

    CONSTRAINT "changes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "approvals" (
    "id" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "checksum" TEXT NOT NULL,
    "decision" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "decided_at" TEXT NOT NULL,
    "expires_at" TEXT,

    CONSTRAINT "approvals_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "findings" (
    "id" INTEGER NOT NULL,
    "code" TEXT NOT NULL,
    "source" TEXT,
    "subject" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "opened_at" TEXT NOT NULL,
    "opened_run_id" INTEGER,
    "closed_at" TEXT,
    "closed_run_id" INTEGER,
    "open_key" TEXT,

    CONSTRAINT "findings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "seq" INTEGER NOT NULL,
    "at" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "user_id" INTEGER,
    "run_id" INTEGER,
    "change_id" INTEGER,
    "payload" TEXT,
    "payload_hash" TEXT NOT NULL,
    "mac" TEXT NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_head" (
    "id" INTEGER NOT NULL,
    "seq" INTEGER NOT NULL,
    "mac" TEXT NOT NULL,

    CONSTRAINT "audit_head_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "leases" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "token" INTEGER NOT NULL,
    "expires_at" TEXT NOT NULL,

    CONSTRAINT "leases_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "counters" (
    "name" TEXT NOT NULL,
    "value" INTEGER NOT NULL,

    CONSTRAINT "counters_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "mirror_accounts_source_dn_key_idx" ON "mirror_accounts"("source", "dn_key");

-- CreateIndex
CREATE INDEX "mirror_accounts_source_name_key_idx" ON "mirror_accounts"("source", "name_key");

-- CreateIndex
CREATE INDEX "mirror_accounts_username_key_idx" ON "mirror_accounts"("username_key");

-- CreateIndex
CREATE INDEX "mirror_accounts_email_key_idx" ON "mirror_accounts"("email_key");

-- CreateIndex
CREATE INDEX "mirror_accounts_employee_key_idx" ON "mirror_accounts"("employee_key");

-- CreateIndex
CREATE UNIQUE INDEX "mirror_accounts_source_external_id_key" ON "mirror_accounts"("source", "external_id");

-- CreateIndex
CREATE INDEX "mirror_groups_source_dn_key_idx" ON "mirror_groups"("source", "dn_key");

-- CreateIndex
CREATE INDEX "mirror_groups_source_name_key_idx" ON "mirror_groups"("source", "name_key");

-- CreateIndex
CREATE INDEX "mirror_groups_team_id_idx" ON "mirror_groups"("team_id");

-- CreateIndex
CREATE UNIQUE INDEX "mirror_groups_source_external_id_key" ON "mirror_groups"("source", "external_id");

-- CreateIndex
CREATE INDEX "mirror_edges_account_key_idx" ON "mirror_edges"("account_key");

-- CreateIndex
CREATE INDEX "mirror_group_edges_child_key_idx" ON "mirror_group_edges"("child_key");

-- CreateIndex
CREATE INDEX "mirror_unresolved_edges_ref_kind_ref_key_idx" ON "mirror_unresolved_edges"("ref_kind", "ref_key");

-- CreateIndex
CREATE UNIQUE INDEX "users_username_key_key" ON "users"("username_key");

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key_key" ON "users"("email_key");

-- CreateIndex
CREATE INDEX "users_employee_key_idx" ON "users"("employee_key");

-- CreateIndex
CREATE INDEX "users_recheck_at_idx" ON "users"("recheck_at");

-- CreateIndex
CREATE INDEX "users_main_team_id_idx" ON "users"("main_team_id");

-- CreateIndex
CREATE INDEX "links_user_id_idx" ON "links"("user_id");

-- CreateIndex
CREATE INDEX "links_source_state_idx" ON "links"("source", "state");

-- CreateIndex
CREATE UNIQUE INDEX "teams_name_key_key" ON "teams"("name_key");

-- CreateIndex
CREATE INDEX "memberships_team_id_idx" ON "memberships"("team_id");

-- CreateIndex
CREATE INDEX "grants_team_id_idx" ON "grants"("team_id");

-- CreateIndex
CREATE INDEX "user_roles_role_idx" ON "user_roles"("role");

-- CreateIndex
CREATE INDEX "dirty_accounts_source_idx" ON "dirty_accounts"("source");

-- CreateIndex
CREATE INDEX "dirty_groups_source_idx" ON "dirty_groups"("source");

-- CreateIndex
CREATE INDEX "runs_source_started_at_idx" ON "runs"("source", "started_at");

-- CreateIndex
CREATE INDEX "runs_state_idx" ON "runs"("state");

-- CreateIndex
CREATE INDEX "changes_run_id_state_idx" ON "changes"("run_id", "state");

-- CreateIndex
CREATE INDEX "approvals_source_checksum_idx" ON "approvals"("source", "checksum");

-- CreateIndex
CREATE UNIQUE INDEX "findings_open_key_key" ON "findings"("open_key");

-- CreateIndex
CREATE INDEX "findings_source_closed_at_idx" ON "findings"("source", "closed_at");

-- CreateIndex
CREATE INDEX "findings_subject_idx" ON "findings"("subject");

-- CreateIndex
CREATE UNIQUE INDEX "audit_entries_change_id_key" ON "audit_entries"("change_id");

-- CreateIndex
CREATE INDEX "audit_entries_user_id_idx" ON "audit_entries"("user_id");

-- CreateIndex
CREATE INDEX "audit_entries_run_id_idx" ON "audit_entries"("run_id");
