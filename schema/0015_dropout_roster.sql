-- 0015_dropout_roster: rosters of dropouts (辍学学生花名册) as a school hands them in (lib/plugins/dropout_roster.c).

CREATE TABLE dropout_roster (
  id            BIGINT        NOT NULL,
  version       INT           NOT NULL DEFAULT 1,
  school_id     BIGINT        NOT NULL,
  township_id   BIGINT        NULL,
  as_of         DATE          NOT NULL,
  children      SMALLINT      NOT NULL COMMENT 'open cases on that day',
  made_by       VARCHAR(60)   NOT NULL,
  entries       MEDIUMTEXT    NOT NULL COMMENT 'case, state and attempts of each on that day, so that the same roster prints the same',
  created_at    DATETIME      NOT NULL,
  created_by    BIGINT        NULL,
  updated_at    DATETIME      NOT NULL,
  PRIMARY KEY (id),
  KEY school (school_id, id),
  KEY township (township_id, id)
) ENGINE=InnoDB COMMENT='What a roster said of whom is with its paper; this is which cases it was about.';

-- How far cases came and by month, counted from one key without the rows.
ALTER TABLE dropout_case
  ADD KEY trend (township_id, school_id, class_id, discovered_on, state, open_student, late, relapse_no, reported_at, confirmed_at, returned_on, back_to);
