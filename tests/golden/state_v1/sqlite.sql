-- The penstock_* tables of version 1 on sqlite, as penstock made them before version 2.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE IF NOT EXISTS penstock_rejects (
    "reject_id" INTEGER PRIMARY KEY,
    "run_id" TEXT NOT NULL,
    "pipeline" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "table_name" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "record_no" INTEGER NOT NULL,
    "line_no" INTEGER,
    "byte_offset" INTEGER,
    "field" TEXT,
    "code" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "violations" TEXT NOT NULL,
    "record" TEXT,
    "published" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "rejected_at" TEXT NOT NULL,
    "resolved_run_id" TEXT
);
CREATE INDEX IF NOT EXISTS penstock_rejects_run ON penstock_rejects (run_id, reject_id);
CREATE INDEX IF NOT EXISTS penstock_rejects_unpublished ON penstock_rejects (pipeline, step, table_name) WHERE published = 0;
CREATE TABLE IF NOT EXISTS penstock_runs (
    "run_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "pipeline" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "started_at" TEXT NOT NULL,
    "finished_at" TEXT,
    "read_rows" INTEGER NOT NULL,
    "written_rows" INTEGER NOT NULL,
    "rejected_rows" INTEGER NOT NULL,
    "skipped_rows" INTEGER NOT NULL,
    "exit_code" INTEGER,
    "summary" TEXT,
    "host" TEXT,
    "pid" INTEGER,
    PRIMARY KEY (run_id)
);
CREATE INDEX IF NOT EXISTS penstock_runs_status ON penstock_runs (pipeline, status);
CREATE TABLE IF NOT EXISTS penstock_checkpoints (
    "pipeline" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "table_name" TEXT NOT NULL,
    "partition" INTEGER NOT NULL,
    "partitions" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL,
    "claimed_by" TEXT,
    "claimed_at" TEXT,
    "run_id" TEXT,
    "state" TEXT NOT NULL,
    "source" TEXT,
    "position" TEXT,
    "content_hash" TEXT,
    "step_hash" TEXT,
    "dictionary_hash" TEXT,
    "counts" TEXT,
    "load_read" INTEGER NOT NULL,
    "load_judged" INTEGER NOT NULL,
    "load_rejected" INTEGER NOT NULL,
    "updated_at" TEXT,
    PRIMARY KEY (pipeline, step, table_name, "partition", partitions)
);
CREATE INDEX IF NOT EXISTS penstock_checkpoints_run ON penstock_checkpoints (run_id);
CREATE TABLE IF NOT EXISTS penstock_files (
    "file_id" INTEGER PRIMARY KEY,
    "pipeline" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "table_name" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "mtime_ns" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "records" INTEGER NOT NULL,
    "run_id" TEXT NOT NULL,
    "loaded_at" TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS penstock_files_content ON penstock_files (pipeline, step, table_name, "size", hash);
CREATE TABLE IF NOT EXISTS penstock_idempotency (
    "api_key" TEXT NOT NULL,
    "pipeline" TEXT NOT NULL,
    "idem_key" TEXT NOT NULL,
    "body_sha256" TEXT NOT NULL,
    "status" INTEGER,
    "answer" TEXT,
    "created_at" TEXT NOT NULL,
    PRIMARY KEY (api_key, pipeline, idem_key)
);
CREATE TABLE IF NOT EXISTS penstock_meta (
    "version" INTEGER NOT NULL,
    PRIMARY KEY (version)
);
INSERT INTO penstock_meta (version) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM penstock_meta);
