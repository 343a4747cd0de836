-- 0014_attendance_more: from when on the ladder of a child is to be computed again.

ALTER TABLE ladder_touch
  ADD COLUMN since DATE NULL COMMENT 'what changed is as long ago; NULL: lately';

ALTER TABLE roll_call
  ADD COLUMN seconds SMALLINT NULL COMMENT 'from the sheet being opened to its being handed in, as the page says; NULL: not known';

-- Opening registration (lib/plugins/opening.c): who came at the start of a term, and who did not.

CREATE TABLE opening_entry (
  term_on       DATE         NOT NULL COMMENT 'first day of the term',
  student_id    BIGINT       NOT NULL,
  class_id      BIGINT       NOT NULL,
  school_id     BIGINT       NOT NULL,
  came_at       DATETIME     NOT NULL,
  saved_by      BIGINT       NOT NULL,
  PRIMARY KEY (student_id, term_on),
  KEY class (class_id, term_on)
) ENGINE=InnoDB COMMENT='Children who registered; a tap taken back takes the row away, until the list is closed.';

CREATE TABLE opening_register (
  id            BIGINT       NOT NULL,
  version       INT          NOT NULL DEFAULT 1,
  unit_id       BIGINT       NOT NULL COMMENT 'the class',
  school_id     BIGINT       NOT NULL,
  township_id   BIGINT       NULL,
  term_on       DATE         NOT NULL,
  due           SMALLINT     NOT NULL COMMENT 'children of the class when it was closed',
  closed_by     VARCHAR(60)  NULL,
  created_at    DATETIME     NOT NULL,
  created_by    BIGINT       NULL,
  updated_at    DATETIME     NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY class_term (unit_id, term_on),
  KEY school (school_id, id),
  KEY township (township_id, id)
) ENGINE=InnoDB COMMENT='A class whose registration is closed: whoever had not come by then has a row in no_show.';

CREATE TABLE no_show (
  id            BIGINT       NOT NULL,
  version       INT          NOT NULL DEFAULT 1,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'missing come settled mistake',
  student_id    BIGINT       NOT NULL,
  class_id      BIGINT       NOT NULL,
  school_id     BIGINT       NOT NULL,
  township_id   BIGINT       NULL,
  term_on       DATE         NOT NULL,
  live          BIGINT       AS (IF(state = 'mistake', id, 0)) PERSISTENT COMMENT '0: what holds, one a child and term; mistakes have their own',
  found_at      DATETIME     NOT NULL COMMENT 'when it was said that the child has not come',
  responsible   VARCHAR(60)  NULL COMMENT 'who brings the child back',
  due_on        DATE         NULL,
  reason        VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  measure       VARCHAR(500) NULL,
  came_at       DATETIME     NULL,
  result        VARCHAR(500) NULL,
  created_at    DATETIME     NOT NULL,
  created_by    BIGINT       NULL,
  updated_at    DATETIME     NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY child (student_id, term_on, live),
  KEY state (state, id),
  KEY class (class_id, id),
  KEY class_state (class_id, state, id),
  KEY school (school_id, id),
  KEY school_state (school_id, state, id),
  KEY township (township_id, id),
  KEY township_state (township_id, state, id)
) ENGINE=InnoDB;
