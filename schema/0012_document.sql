-- 0012_document: paper that was printed: numbered, kept as it was, told genuine by its QR (lib/flow/document.c).

CREATE TABLE document (
  id            BIGINT        NOT NULL,
  version       INT           NOT NULL DEFAULT 1,
  number        VARCHAR(48)   NOT NULL COMMENT 'unit code, kind''s code, year, sequence',
  unit_id       BIGINT        NOT NULL COMMENT 'who issues it: numbers run by unit, year and code',
  year          SMALLINT      NOT NULL,
  code          VARCHAR(4)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seq           INT           NOT NULL,
  kind          VARCHAR(48)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title         VARCHAR(100)  NOT NULL,
  issuer        VARCHAR(100)  NOT NULL COMMENT 'name of the unit at that time',
  record        VARCHAR(32)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  record_id     BIGINT        NOT NULL,
  student_id    BIGINT        NULL,
  class_id      BIGINT        NULL,
  school_id     BIGINT        NULL,
  township_id   BIGINT        NULL,
  hash          BINARY(32)    NOT NULL COMMENT 'keyed, of the canonical content: whoever knows it learns nothing of what it says',
  content       MEDIUMBLOB    NOT NULL COMMENT 'canonical JSON, sealed',
  live          TINYINT       NULL COMMENT '1, or NULL when void: the same content has one number',
  issued_at     DATETIME      NOT NULL,
  issued_by     VARCHAR(60)   NULL COMMENT 'name at that time',
  voided_at     DATETIME      NULL,
  voided_by     VARCHAR(60)   NULL,
  void_reason   VARCHAR(200)  NULL,
  created_at    DATETIME      NOT NULL,
  created_by    BIGINT        NULL,
  updated_at    DATETIME      NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY number (number),
  UNIQUE KEY sequence (unit_id, year, code, seq),
  UNIQUE KEY same (record, record_id, kind, hash, live),
  KEY student (student_id, id),
  KEY class (class_id, id),
  KEY school (school_id, id),
  KEY township (township_id, id)
) ENGINE=InnoDB;

CREATE TABLE document_counter (
  unit_id       BIGINT        NOT NULL,
  year          SMALLINT      NOT NULL,
  code          VARCHAR(4)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  used          INT           NOT NULL COMMENT 'the last number given: counted in the transaction that uses it, so that there are no gaps',
  PRIMARY KEY (unit_id, year, code)
) ENGINE=InnoDB;
