-- The penstock_* tables of version 1 on mariadb, as penstock made them before version 2.
-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE IF NOT EXISTS penstock_rejects (
    `reject_id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `run_id` VARCHAR(254) NOT NULL,
    `pipeline` VARCHAR(254) NOT NULL,
    `step` VARCHAR(254) NOT NULL,
    `table_name` VARCHAR(254) NOT NULL,
    `source` LONGTEXT NOT NULL,
    `record_no` BIGINT NOT NULL,
    `line_no` BIGINT,
    `byte_offset` BIGINT,
    `field` LONGTEXT,
    `code` VARCHAR(254) NOT NULL,
    `rule` LONGTEXT NOT NULL,
    `message` LONGTEXT NOT NULL,
    `violations` LONGTEXT NOT NULL,
    `record` LONGTEXT,
    `published` BIGINT NOT NULL,
    `attempts` BIGINT NOT NULL,
    `rejected_at` DATETIME(6) NOT NULL,
    `resolved_run_id` VARCHAR(254),
    INDEX penstock_rejects_run (run_id, reject_id),
    INDEX penstock_rejects_unpublished (pipeline, step, table_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS penstock_runs (
    `run_id` VARCHAR(254) NOT NULL,
    `kind` VARCHAR(254) NOT NULL,
    `pipeline` VARCHAR(254) NOT NULL,
    `status` VARCHAR(254) NOT NULL,
    `started_at` DATETIME(6) NOT NULL,
    `finished_at` DATETIME(6),
    `read_rows` BIGINT NOT NULL,
    `written_rows` BIGINT NOT NULL,
    `rejected_rows` BIGINT NOT NULL,
    `skipped_rows` BIGINT NOT NULL,
    `exit_code` BIGINT,
    `summary` LONGTEXT,
    `host` LONGTEXT,
    `pid` BIGINT,
    PRIMARY KEY (run_id),
    INDEX penstock_runs_status (pipeline, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS penstock_checkpoints (
    `pipeline` VARCHAR(254) NOT NULL,
    `step` VARCHAR(254) NOT NULL,
    `table_name` VARCHAR(254) NOT NULL,
    `partition` BIGINT NOT NULL,
    `partitions` BIGINT NOT NULL,
    `epoch` BIGINT NOT NULL,
    `claimed_by` VARCHAR(254),
    `claimed_at` DATETIME(6),
    `run_id` VARCHAR(254),
    `state` VARCHAR(254) NOT NULL,
    `source` LONGTEXT,
    `position` LONGTEXT,
    `content_hash` VARCHAR(254),
    `step_hash` VARCHAR(254),
    `dictionary_hash` VARCHAR(254),
    `counts` LONGTEXT,
    `load_read` BIGINT NOT NULL,
    `load_judged` BIGINT NOT NULL,
    `load_rejected` BIGINT NOT NULL,
    `updated_at` DATETIME(6),
    PRIMARY KEY (pipeline, step, table_name, `partition`, partitions),
    INDEX penstock_checkpoints_run (run_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS penstock_files (
    `file_id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `pipeline` VARCHAR(254) NOT NULL,
    `step` VARCHAR(254) NOT NULL,
    `table_name` VARCHAR(254) NOT NULL,
    `path` LONGTEXT NOT NULL,
    `size` BIGINT NOT NULL,
    `mtime_ns` BIGINT NOT NULL,
    `hash` VARCHAR(254) NOT NULL,
    `records` BIGINT NOT NULL,
    `run_id` VARCHAR(254) NOT NULL,
    `loaded_at` DATETIME(6) NOT NULL,
    INDEX penstock_files_content (pipeline(100), step(100), table_name(100), `size`, hash(100))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS penstock_idempotency (
    `api_key` VARCHAR(254) NOT NULL,
    `pipeline` VARCHAR(254) NOT NULL,
    `idem_key` VARCHAR(254) NOT NULL,
    `body_sha256` VARCHAR(254) NOT NULL,
    `status` BIGINT,
    `answer` LONGTEXT,
    `created_at` DATETIME(6) NOT NULL,
    PRIMARY KEY (api_key, pipeline, idem_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS penstock_meta (
    `version` BIGINT NOT NULL,
    PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO penstock_meta (version) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM penstock_meta);
