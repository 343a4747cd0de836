-- 0006_administration: what administration of people needs beside the organisation: versions of rows that are changed in the
-- portal, the last sign-in, old values of rules.

ALTER TABLE account
  ADD COLUMN signed_in_at DATETIME NULL COMMENT 'last sign-in' AFTER disabled_at,
  ADD KEY name (name);

UPDATE account a SET a.signed_in_at =
  (SELECT MAX(e.at) FROM audit_event e WHERE e.account_id = a.id AND e.action IN ('sign_in', 'activate'));

ALTER TABLE position ADD COLUMN version INT NOT NULL DEFAULT 1 AFTER id;

ALTER TABLE role_capability ADD COLUMN version INT NOT NULL DEFAULT 1;

ALTER TABLE rule_override ADD COLUMN version INT NOT NULL DEFAULT 1;

CREATE TABLE rule_change (
  id            BIGINT       NOT NULL,
  rule          VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unit_id       BIGINT       NOT NULL,
  from_value    VARCHAR(255) NULL COMMENT 'NULL: no override before',
  to_value      VARCHAR(255) NULL COMMENT 'NULL: the override was taken away',
  reason        VARCHAR(200) NOT NULL,
  account_id    BIGINT       NULL COMMENT 'NULL: baoxuectl',
  actor         VARCHAR(60)  NOT NULL COMMENT 'name at that time',
  at            DATETIME     NOT NULL,
  PRIMARY KEY (id),
  KEY rule (rule, unit_id, id),
  KEY unit (unit_id, id)
) ENGINE=InnoDB COMMENT='Every change of an override, so that a number of the past can be explained.';
