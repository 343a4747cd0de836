-- 0008_import: a roster is checked, looked at, then applied: state, progress and what is planned for each row.

ALTER TABLE import
  ADD COLUMN state        VARCHAR(12)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'done' AFTER version,
  ADD COLUMN updated_at   DATETIME      NULL,
  ADD COLUMN has_file     TINYINT       NOT NULL DEFAULT 0 COMMENT 'the file lies sealed under the attachments directory',
  ADD COLUMN file_size    INT           NOT NULL DEFAULT 0,
  ADD COLUMN columns_read MEDIUMTEXT    NULL COMMENT 'JSON: each heading and what it was taken as',
  ADD COLUMN mapping      VARCHAR(2000) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'what a person said of columns: 5=seat_no 6=-',
  ADD COLUMN rows_done    INT           NOT NULL DEFAULT 0 COMMENT 'of the phase under way: checking or applying',
  ADD COLUMN skipped      INT           NOT NULL DEFAULT 0 COMMENT 'rejected because they changed after the preview',
  ADD COLUMN fault        VARCHAR(48)   CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'why it failed or what is missing',
  ADD COLUMN fault_params VARCHAR(1000) NULL,
  ADD COLUMN applied_at   DATETIME      NULL,
  ADD COLUMN applied_by   BIGINT        NULL,
  ADD COLUMN runner       VARCHAR(40)   CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'who works on it now',
  ADD COLUMN leased_until DATETIME      NULL,
  ADD COLUMN tries        TINYINT       NOT NULL DEFAULT 0 COMMENT 'taken up without getting any further',
  ADD KEY school_state (school_id, state, id),
  ADD KEY township_state (township_id, state, id),
  ADD KEY state (state, id),
  ADD KEY files (has_file, state);

-- one that was cut short before this: the same file finishes it
UPDATE import SET state = IF(finished_at IS NULL, 'failed', 'done'), fault = IF(finished_at IS NULL, 'import.interrupted', NULL),
  rows_done = added + changed + unchanged + rejected, updated_at = COALESCE(finished_at, created_at);

ALTER TABLE import MODIFY COLUMN updated_at DATETIME NOT NULL;

ALTER TABLE import_row
  ADD COLUMN old_value VARCHAR(120) NULL COMMENT 'of a changed field, masked as value is; NULL: not shown';

CREATE TABLE import_plan (
  import_id     BIGINT       NOT NULL,
  first_row     INT          NOT NULL COMMENT 'index of the batch''s first row, from 0',
  plan          BLOB         NOT NULL COMMENT 'for each row what shall become of it, and a keyed hash of the change',
  PRIMARY KEY (import_id, first_row)
) ENGINE=InnoDB COMMENT='What was previewed: nothing else is applied. Gone when the import has ended.';
