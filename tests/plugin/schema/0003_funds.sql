-- Money a school has for it, and how many may be proposed in a unit: records of a school and of a unit, without a workflow.

CREATE TABLE scholarship_fund (
  id            BIGINT        NOT NULL,
  version       INT           NOT NULL DEFAULT 1,
  school_id     BIGINT        NOT NULL,
  township_id   BIGINT        NULL,
  name          VARCHAR(60)   NOT NULL,
  source        VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount        INT           NOT NULL COMMENT 'yuan a year',
  created_at    DATETIME      NOT NULL,
  created_by    BIGINT        NULL,
  updated_at    DATETIME      NOT NULL,
  PRIMARY KEY (id),
  KEY school (school_id, id),
  KEY township (township_id, id)
) ENGINE=InnoDB;

CREATE TABLE scholarship_quota (
  id            BIGINT        NOT NULL,
  version       INT           NOT NULL DEFAULT 1,
  state         VARCHAR(16)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unit_id       BIGINT        NOT NULL,
  year          INT           NOT NULL,
  places        INT           NOT NULL,
  created_at    DATETIME      NOT NULL,
  created_by    BIGINT        NULL,
  updated_at    DATETIME      NOT NULL,
  PRIMARY KEY (id),
  KEY unit (unit_id, id)
) ENGINE=InnoDB;
