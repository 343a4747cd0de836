-- 0002_engine: what every workflow shares: keys of repeated requests, history, audit chain, attachments, jobs.

CREATE TABLE idempotency_key (
  account_id    BIGINT       NOT NULL,
  idem_key      VARBINARY(64) NOT NULL,
  request_hash  BINARY(32)   NOT NULL COMMENT 'method, path and body: the same key with another request is refused',
  status        SMALLINT     NOT NULL,
  location      VARCHAR(200) NULL,
  body          MEDIUMBLOB   NULL,
  created_at    DATETIME     NOT NULL,
  PRIMARY KEY (account_id, idem_key),
  KEY created (created_at)
) ENGINE=InnoDB COMMENT='First INSERT of every keyed transaction; purged after 24 hours.';

CREATE TABLE history (
  id            BIGINT       NOT NULL,
  record        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  record_id     BIGINT       NOT NULL,
  action        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  from_state    VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  to_state      VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  account_id    BIGINT       NULL COMMENT 'NULL: a job',
  actor         VARCHAR(60)  NULL COMMENT 'name at that time',
  role          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  comment       VARCHAR(1000) NULL,
  at            DATETIME     NOT NULL,
  PRIMARY KEY (id),
  KEY record (record, record_id, id)
) ENGINE=InnoDB;

CREATE TABLE audit_chain (
  unit_id       BIGINT       NOT NULL COMMENT 'the school, or the unit itself above schools',
  seq           BIGINT       NOT NULL,
  head          BINARY(32)   NOT NULL,
  PRIMARY KEY (unit_id)
) ENGINE=InnoDB;

CREATE TABLE audit_event (
  unit_id       BIGINT       NOT NULL,
  seq           BIGINT       NOT NULL,
  at            DATETIME     NOT NULL,
  account_id    BIGINT       NULL,
  action        VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  record        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  record_id     BIGINT       NULL,
  payload       MEDIUMTEXT   NOT NULL COMMENT 'canonical JSON: who, when, from where, what, from what to what',
  hash          BINARY(32)   NOT NULL COMMENT 'SHA-256 of the previous hash and the payload',
  PRIMARY KEY (unit_id, seq),
  KEY record (record, record_id),
  KEY account (account_id, at)
) ENGINE=InnoDB;

CREATE TABLE attachment (
  id            BIGINT       NOT NULL,
  record        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL until a record takes it',
  record_id     BIGINT       NULL,
  field         VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  account_id    BIGINT       NOT NULL COMMENT 'who brought it',
  student_id    BIGINT       NULL,
  class_id      BIGINT       NULL,
  school_id     BIGINT       NULL,
  township_id   BIGINT       NULL,
  name_hash     BINARY(32)   NOT NULL COMMENT 'keyed hash of the content: the file''s name on disk',
  media_type    VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  size          INT          NOT NULL,
  created_at    DATETIME     NOT NULL,
  PRIMARY KEY (id),
  KEY record (record, record_id),
  KEY loose (record_id, created_at),
  KEY account (account_id, created_at),
  KEY name (name_hash)
) ENGINE=InnoDB;

CREATE TABLE job (
  name          VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  node          VARCHAR(80)  CHARACTER SET ascii NULL,
  leased_until  DATETIME     NULL,
  ran_at        DATETIME     NULL,
  result        VARCHAR(200) NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB COMMENT='A lease row a job, so that one node of many runs it.';
