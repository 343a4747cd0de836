-- 0011_calendar: terms, days and closures as rows that people change in the portal; what classes are to hear of it; and keys
-- by which the audit events of a time are found.

ALTER TABLE term
  ADD COLUMN version    INT      NOT NULL DEFAULT 1,
  ADD COLUMN created_at DATETIME NULL,
  ADD COLUMN created_by BIGINT   NULL,
  ADD COLUMN updated_at DATETIME NULL;

ALTER TABLE calendar_day
  ADD COLUMN entry_id   BIGINT   NOT NULL DEFAULT 0 COMMENT 'days entered together, one holiday of several days; 0: by itself',
  ADD COLUMN version    INT      NOT NULL DEFAULT 1 COMMENT 'of the entry: the same in all its days',
  ADD COLUMN statutory  TINYINT  NOT NULL DEFAULT 1 COMMENT '1: offices have it too; 0: only schools',
  ADD COLUMN created_at DATETIME NULL,
  ADD COLUMN created_by BIGINT   NULL,
  ADD KEY entry (entry_id);

-- days in a row of one unit, kind and name become one entry
UPDATE calendar_day d JOIN (
    SELECT unit_id, day, DENSE_RANK() OVER (ORDER BY unit_id, kind, name, island) AS entry FROM (
        SELECT unit_id, day, kind, name,
               DATE_SUB(day, INTERVAL ROW_NUMBER() OVER (PARTITION BY unit_id, kind, name ORDER BY day) DAY) AS island
        FROM calendar_day) x) y
    ON y.unit_id = d.unit_id AND y.day = d.day
  SET d.entry_id = y.entry;

CREATE TABLE closure_notice (
  id            BIGINT       NOT NULL,
  version       INT          NOT NULL DEFAULT 1,
  state         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ordered cancelled',
  school_id     BIGINT       NOT NULL,
  township_id   BIGINT       NULL,
  kind          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'weather infection examination other',
  reason        VARCHAR(100) NOT NULL,
  starts_on     DATE         NOT NULL,
  ends_on       DATE         NOT NULL,
  class_count   SMALLINT     NOT NULL,
  created_at    DATETIME     NOT NULL,
  created_by    BIGINT       NULL,
  updated_at    DATETIME     NOT NULL,
  PRIMARY KEY (id),
  KEY school (school_id, id),
  KEY school_state (school_id, state, id),
  KEY township (township_id, id),
  KEY township_state (township_id, state, id)
) ENGINE=InnoDB COMMENT='A closure as it was ordered; table closure has a row for each of its classes.';

ALTER TABLE closure
  ADD COLUMN notice_id  BIGINT   NULL,
  ADD COLUMN cancelled  TINYINT  NOT NULL DEFAULT 0,
  ADD KEY notice (notice_id);

CREATE TABLE unit_calendar (
  unit_id       BIGINT       NOT NULL,
  version       INT          NOT NULL,
  PRIMARY KEY (unit_id)
) ENGINE=InnoDB COMMENT='Grows with every change of a unit''s own terms, days and timetable, so that two people cannot race.';

CREATE TABLE calendar_change (
  id            BIGINT       NOT NULL,
  class_id      BIGINT       NOT NULL,
  from_on       DATE         NOT NULL,
  to_on         DATE         NOT NULL,
  at            DATETIME     NOT NULL,
  PRIMARY KEY (id, class_id),
  KEY class (class_id)
) ENGINE=InnoDB COMMENT='Days of a class that may have become others: job calendar.apply tells the workflows, then the row goes.';

ALTER TABLE audit_event
  ADD KEY at (at),
  ADD KEY unit_at (unit_id, at);
