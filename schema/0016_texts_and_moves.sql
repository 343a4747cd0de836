-- 0016_texts_and_moves: words of documents that a school or county says in its own way; schools that came to another township; what
-- the files of a school amount to; closures of a county by their state.

CREATE TABLE unit_text (
  text_key      VARCHAR(96)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unit_id       BIGINT        NOT NULL COMMENT 'holds for it and what lies below; the nearest one counts',
  zh            VARCHAR(2000) NOT NULL,
  en            VARCHAR(2000) NULL COMMENT 'NULL: as in the locale file',
  reason        VARCHAR(200)  NOT NULL,
  set_by        BIGINT        NULL,
  set_at        DATETIME      NOT NULL,
  version       INT           NOT NULL DEFAULT 1,
  PRIMARY KEY (text_key, unit_id),
  KEY unit (unit_id)
) ENGINE=InnoDB;

CREATE TABLE unit_text_change (
  id            BIGINT        NOT NULL,
  text_key      VARCHAR(96)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unit_id       BIGINT        NOT NULL,
  from_zh       VARCHAR(2000) NULL COMMENT 'NULL: the words of the locale file, or of the level above',
  to_zh         VARCHAR(2000) NULL,
  from_en       VARCHAR(2000) NULL,
  to_en         VARCHAR(2000) NULL,
  reason        VARCHAR(200)  NOT NULL,
  account_id    BIGINT        NULL,
  actor         VARCHAR(60)   NOT NULL COMMENT 'name at that time',
  at            DATETIME      NOT NULL,
  PRIMARY KEY (id),
  KEY text (text_key, unit_id, id),
  KEY unit (unit_id, id)
) ENGINE=InnoDB COMMENT='Every change, so that a paper of the past can be explained.';

CREATE TABLE unit_move (
  id            BIGINT        NOT NULL,
  unit_id       BIGINT        NOT NULL COMMENT 'a school',
  from_id       BIGINT        NOT NULL,
  from_name     VARCHAR(100)  NOT NULL COMMENT 'at that time',
  to_id         BIGINT        NOT NULL,
  to_name       VARCHAR(100)  NOT NULL,
  from_township BIGINT        NULL,
  to_township   BIGINT        NULL,
  reason        VARCHAR(200)  NOT NULL,
  account_id    BIGINT        NULL,
  actor         VARCHAR(60)   NOT NULL,
  at            DATETIME      NOT NULL,
  done_at       DATETIME      NULL COMMENT 'when the records of the school had followed; NULL: they are under way',
  PRIMARY KEY (id),
  KEY unit (unit_id, id),
  KEY done (done_at, id)
) ENGINE=InnoDB;

ALTER TABLE closure_notice ADD KEY state (state, id), ADD KEY state_ends (state, ends_on, id);

CREATE TABLE attachment_total (
  school_id     BIGINT        NOT NULL,
  bytes         BIGINT        NOT NULL,
  PRIMARY KEY (school_id)
) ENGINE=InnoDB COMMENT='Sum of attachment.size by school, kept in the transactions that change it.';

INSERT INTO attachment_total (school_id, bytes) SELECT school_id, SUM(size) FROM attachment WHERE school_id IS NOT NULL GROUP BY school_id;
