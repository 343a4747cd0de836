-- 0001_organisation: the tree of units, who works where, what a role may do, how people sign in.
-- Ids are made by the application (63 bits, time-ordered); times are local civil time of the school's zone.

CREATE TABLE org_unit (
  id            BIGINT       NOT NULL,
  parent_id     BIGINT       NULL,
  level         VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'county township central_school school grade class',
  name          VARCHAR(100) NOT NULL,
  code          VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'school code (10 digits) or division code',
  path          VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '/root/.../id/: ids from the root down',
  township_id   BIGINT       NULL COMMENT 'the township this unit is or lies in',
  school_id     BIGINT       NULL COMMENT 'the school this unit is or lies in',
  stage         VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'schools, grades, classes: primary junior nine',
  entry_year    SMALLINT     NULL COMMENT 'grades and classes: the year its children entered the stage',
  class_no      SMALLINT     NULL COMMENT 'classes',
  closed_on     DATE         NULL,
  version       INT          NOT NULL DEFAULT 1,
  created_at    DATETIME     NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY code (code),
  UNIQUE KEY class (school_id, stage, entry_year, class_no),
  KEY parent (parent_id, id),
  KEY path (path),
  KEY township (township_id, level)
) ENGINE=InnoDB COMMENT='Organisation of any depth; class rows are unique by school, stage, entry year and number.';

CREATE TABLE account (
  id            BIGINT         NOT NULL,
  name          VARCHAR(60)    NOT NULL,
  login         VARCHAR(64)    NULL COMMENT 'staff; guardians sign in by phone',
  phone_sealed  VARBINARY(255) NULL,
  phone_hash    BINARY(32)     NULL,
  password      VARCHAR(128)   CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'Argon2id; NULL: cannot sign in',
  must_change   TINYINT        NOT NULL DEFAULT 0 COMMENT 'the password was given by somebody else',
  language      VARCHAR(8)     CHARACTER SET ascii COLLATE ascii_bin NULL,
  disabled_at   DATETIME       NULL,
  version       INT            NOT NULL DEFAULT 1,
  created_at    DATETIME       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY login (login),
  UNIQUE KEY phone (phone_hash)
) ENGINE=InnoDB;

CREATE TABLE role_capability (
  role          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  capability    VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  granted       TINYINT      NOT NULL DEFAULT 1 COMMENT '0: taken away here; migrate does not give it back',
  PRIMARY KEY (role, capability)
) ENGINE=InnoDB COMMENT='Roles as data: seeded from the plugins by baoxuectl migrate.';

CREATE TABLE position (
  id            BIGINT       NOT NULL,
  account_id    BIGINT       NOT NULL,
  role          VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unit_id       BIGINT       NOT NULL,
  starts_on     DATE         NOT NULL,
  ends_on       DATE         NULL COMMENT 'last day',
  created_at    DATETIME     NOT NULL,
  PRIMARY KEY (id),
  KEY account (account_id, ends_on),
  KEY unit (unit_id, role, ends_on)
) ENGINE=InnoDB;

CREATE TABLE session (
  token_hash    BINARY(32)   NOT NULL,
  account_id    BIGINT       NOT NULL,
  created_at    DATETIME     NOT NULL,
  expires_at    DATETIME     NOT NULL,
  address       VARCHAR(45)  CHARACTER SET ascii NOT NULL,
  agent         VARCHAR(120) NOT NULL,
  PRIMARY KEY (token_hash),
  KEY account (account_id),
  KEY expires (expires_at)
) ENGINE=InnoDB;

CREATE TABLE revocation (
  id            BIGINT       NOT NULL,
  account_id    BIGINT       NOT NULL,
  token_hash    BINARY(32)   NULL COMMENT 'NULL: every session of the account',
  at            DATETIME     NOT NULL,
  PRIMARY KEY (id),
  KEY at (at)
) ENGINE=InnoDB COMMENT='Polled every second by every node; rows older than a minute may go.';

CREATE TABLE throttle (
  subject       BINARY(32)   NOT NULL COMMENT 'keyed hash of a login, an address or a code prefix',
  failures      INT          NOT NULL,
  since         DATETIME     NOT NULL,
  blocked_until DATETIME     NULL,
  PRIMARY KEY (subject),
  KEY since (since)
) ENGINE=InnoDB;

CREATE TABLE term (
  id            BIGINT       NOT NULL,
  unit_id       BIGINT       NOT NULL COMMENT 'holds for its subtree; the nearest unit with a term in that school year wins',
  school_year   SMALLINT     NOT NULL COMMENT '2026 is 2026-2027',
  number        TINYINT      NOT NULL COMMENT '1 autumn, 2 spring',
  starts_on     DATE         NOT NULL,
  ends_on       DATE         NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY term (unit_id, school_year, number)
) ENGINE=InnoDB;

CREATE TABLE calendar_day (
  unit_id       BIGINT       NOT NULL,
  day           DATE         NOT NULL,
  kind          VARCHAR(8)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'holiday makeup',
  name          VARCHAR(60)  NOT NULL,
  PRIMARY KEY (unit_id, day)
) ENGINE=InnoDB;

CREATE TABLE closure (
  id            BIGINT       NOT NULL,
  class_id      BIGINT       NOT NULL COMMENT 'one row a class: a closure names its classes',
  starts_on     DATE         NOT NULL,
  ends_on       DATE         NOT NULL,
  reason        VARCHAR(100) NOT NULL,
  PRIMARY KEY (id),
  KEY class (class_id, starts_on)
) ENGINE=InnoDB;

CREATE TABLE rule_override (
  rule          VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unit_id       BIGINT       NOT NULL,
  value         VARCHAR(255) NOT NULL,
  reason        VARCHAR(200) NOT NULL,
  set_by        BIGINT       NOT NULL,
  set_at        DATETIME     NOT NULL,
  PRIMARY KEY (rule, unit_id),
  KEY unit (unit_id)
) ENGINE=InnoDB;
