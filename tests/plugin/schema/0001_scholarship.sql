-- Applications for a scholarship, and what is to be paid. See docs/plugins.md for the columns that the engine needs.

CREATE TABLE scholarship (
  id            BIGINT        NOT NULL,
  version       INT           NOT NULL DEFAULT 1,
  state         VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  student_id    BIGINT        NOT NULL,
  class_id      BIGINT        NOT NULL,
  school_id     BIGINT        NOT NULL,
  township_id   BIGINT        NULL,
  kind          VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount        INT           NOT NULL COMMENT 'yuan asked for',
  reason        VARCHAR(500)  NOT NULL,
  granted       INT           NULL COMMENT 'yuan granted',
  applied_at    DATETIME      NULL,
  decided_by    VARCHAR(60)   NULL,
  open          TINYINT       NULL COMMENT '1 while it waits for a decision, else NULL',
  created_at    DATETIME      NOT NULL,
  created_by    BIGINT        NULL,
  updated_at    DATETIME      NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_open (student_id, kind, open),
  KEY class (class_id, id),
  KEY school (school_id, id),
  KEY township (township_id, id),
  KEY lapse (state, updated_at)
) ENGINE=InnoDB;

CREATE TABLE scholarship_payment (
  id             BIGINT       NOT NULL,
  scholarship_id BIGINT       NOT NULL,
  school_id      BIGINT       NOT NULL,
  amount         INT          NOT NULL,
  due_on         DATE         NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY once (scholarship_id),
  KEY school (school_id, due_on)
) ENGINE=InnoDB;
