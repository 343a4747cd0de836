-- 0009_attachment: small pictures beside photos, files struck out, and what a school's files amount to.

ALTER TABLE attachment
  ADD COLUMN width         SMALLINT UNSIGNED NULL COMMENT 'pixels; NULL: no picture, or brought before this was kept',
  ADD COLUMN height        SMALLINT UNSIGNED NULL,
  ADD COLUMN thumb_hash    BINARY(32)   NULL COMMENT 'as name_hash, of the small picture',
  ADD COLUMN thumb_type    VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD COLUMN thumb_size    INT          NULL,
  ADD COLUMN struck_at     DATETIME     NULL COMMENT 'out of sight, and kept',
  ADD COLUMN struck_by     BIGINT       NULL,
  ADD COLUMN struck_name   VARCHAR(60)  NULL COMMENT 'at that time',
  ADD COLUMN struck_reason VARCHAR(200) NULL,
  ADD KEY school (school_id, created_at, size),
  ADD KEY thumb (thumb_hash);
