-- 0003_people: children, guardians, the roster import and the codes with which guardians sign in first.

CREATE TABLE student (
  id            BIGINT         NOT NULL,
  version       INT            NOT NULL DEFAULT 1,
  student_id    BIGINT         AS (id) PERSISTENT COMMENT 'so that a student is scoped like every record of a student',
  class_id      BIGINT         NOT NULL,
  school_id     BIGINT         NOT NULL,
  township_id   BIGINT         NULL,
  name          VARCHAR(60)    NOT NULL,
  former_name   VARCHAR(60)    NULL,
  sex           CHAR(1)        CHARACTER SET ascii NOT NULL COMMENT 'GB/T 2261.1: 1 male, 2 female',
  birth_on      DATE           NOT NULL,
  ethnic        CHAR(2)        CHARACTER SET ascii NULL COMMENT 'GB/T 3304',
  id_type       CHAR(1)        CHARACTER SET ascii NOT NULL DEFAULT '1' COMMENT '1 2 6 7 8 9 A Z',
  id_number     VARBINARY(255) NULL COMMENT 'sealed',
  id_hash       BINARY(32)     NULL,
  id_last4      BINARY(32)     NULL,
  enrolment_no  VARBINARY(255) NULL COMMENT 'sealed: G is the identity number with a letter in front',
  enrolment_hash BINARY(32)    NULL,
  seat_no       SMALLINT       NULL COMMENT 'number in the class',
  enrolled_on   DATE           NULL,
  boarding      TINYINT        NOT NULL DEFAULT 0,
  left_behind   CHAR(1)        CHARACTER SET ascii NOT NULL DEFAULT '0' COMMENT '0 no, 1 one parent away, 2 both',
  migrant       TINYINT        NOT NULL DEFAULT 0,
  disability    VARCHAR(8)     CHARACTER SET ascii NULL,
  placement     VARCHAR(16)    CHARACTER SET ascii NOT NULL DEFAULT 'class' COMMENT 'class inclusive home_delivery',
  address       VARBINARY(600) NULL COMMENT 'sealed',
  phone         VARBINARY(255) NULL COMMENT 'sealed',
  status        VARCHAR(2)     CHARACTER SET ascii NOT NULL DEFAULT '01' COMMENT 'JY/T 1001 XSDQZT: 01 at school',
  extra         BLOB           NULL COMMENT 'the other columns of the national template as JSON, sealed',
  roster_hash   BINARY(32)     NULL COMMENT 'of the row last imported: the same row changes nothing',
  leave_seq     INT            NOT NULL DEFAULT 0 COMMENT 'grows with every change of the child''s leave, so that two guardians cannot race',
  created_at    DATETIME       NOT NULL,
  created_by    BIGINT         NULL,
  updated_at    DATETIME       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY id_hash (id_hash),
  UNIQUE KEY enrolment (enrolment_hash),
  KEY student (student_id),
  KEY class (class_id, seat_no, id),
  KEY class_name (class_id, name),
  KEY school (school_id, class_id, seat_no, id),
  KEY school_name (school_id, name),
  KEY township (township_id, class_id, seat_no, id),
  KEY township_name (township_id, name),
  KEY name (name),
  KEY last4 (id_last4)
) ENGINE=InnoDB;

CREATE TABLE enrolment (
  id            BIGINT       NOT NULL,
  student_id    BIGINT       NOT NULL,
  class_id      BIGINT       NOT NULL,
  school_id     BIGINT       NOT NULL,
  starts_on     DATE         NOT NULL,
  ends_on       DATE         NULL,
  PRIMARY KEY (id),
  KEY student (student_id, starts_on),
  KEY class (class_id, starts_on)
) ENGINE=InnoDB;

CREATE TABLE guardian (
  id            BIGINT         NOT NULL,
  version       INT            NOT NULL DEFAULT 1,
  name          VARCHAR(60)    NOT NULL,
  phone         VARBINARY(255) NULL COMMENT 'sealed',
  phone_hash    BINARY(32)     NULL,
  id_number     VARBINARY(255) NULL COMMENT 'sealed',
  id_hash       BINARY(32)     NULL,
  account_id    BIGINT         NULL,
  created_at    DATETIME       NOT NULL,
  updated_at    DATETIME       NOT NULL,
  PRIMARY KEY (id),
  KEY phone (phone_hash),
  KEY id_hash (id_hash),
  KEY account (account_id)
) ENGINE=InnoDB;

CREATE TABLE student_guardian (
  student_id    BIGINT       NOT NULL,
  guardian_id   BIGINT       NOT NULL,
  relation      VARCHAR(16)  CHARACTER SET ascii NOT NULL DEFAULT 'other' COMMENT 'father mother grandfather grandmother other',
  relation_text VARCHAR(40)  NULL COMMENT 'as the roster says it',
  ordinal       TINYINT      NOT NULL DEFAULT 1,
  ends_on       DATE         NULL,
  PRIMARY KEY (student_id, guardian_id),
  KEY guardian (guardian_id)
) ENGINE=InnoDB;

CREATE TABLE activation (
  id            BIGINT         NOT NULL,
  guardian_id   BIGINT         NOT NULL,
  school_id     BIGINT         NOT NULL,
  code          VARBINARY(120) NOT NULL COMMENT 'sealed: slips are printed from it',
  code_hash     BINARY(32)     NOT NULL,
  expires_on    DATE           NOT NULL,
  used_at       DATETIME       NULL,
  created_at    DATETIME       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY code (code_hash),
  KEY guardian (guardian_id)
) ENGINE=InnoDB;

CREATE TABLE import (
  id            BIGINT       NOT NULL,
  version       INT          NOT NULL DEFAULT 1,
  school_id     BIGINT       NOT NULL,
  township_id   BIGINT       NULL,
  filename      VARCHAR(200) NOT NULL,
  content_hash  BINARY(32)   NOT NULL,
  row_count     INT          NOT NULL DEFAULT 0,
  added         INT          NOT NULL DEFAULT 0,
  changed       INT          NOT NULL DEFAULT 0,
  unchanged     INT          NOT NULL DEFAULT 0,
  rejected      INT          NOT NULL DEFAULT 0,
  classes       INT          NOT NULL DEFAULT 0 COMMENT 'created',
  guardians     INT          NOT NULL DEFAULT 0 COMMENT 'created',
  encoding      VARCHAR(16)  CHARACTER SET ascii NOT NULL DEFAULT '',
  columns_known INT          NOT NULL DEFAULT 0,
  columns_total INT          NOT NULL DEFAULT 0,
  unknown_columns VARCHAR(4000) NULL COMMENT 'JSON array: headings that are not the template''s',
  finished_at   DATETIME     NULL,
  created_at    DATETIME     NOT NULL,
  created_by    BIGINT       NULL,
  PRIMARY KEY (id),
  KEY school (school_id, id),
  KEY township (township_id, id)
) ENGINE=InnoDB;

CREATE TABLE import_row (
  import_id     BIGINT       NOT NULL,
  row_no        INT          NOT NULL COMMENT 'as the spreadsheet numbers it: the heading is row 1',
  ordinal       SMALLINT     NOT NULL,
  outcome       VARCHAR(10)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'added changed rejected',
  field         VARCHAR(60)  NULL COMMENT 'heading as the file writes it',
  value         VARCHAR(120) NULL COMMENT 'numbers of people masked, addresses hidden, wherever they stand',
  reason        VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  params        VARCHAR(400) NULL,
  student_id    BIGINT       NULL,
  student_name  VARCHAR(60)  NULL,
  PRIMARY KEY (import_id, row_no, ordinal),
  KEY outcome (import_id, outcome, row_no)
) ENGINE=InnoDB;
