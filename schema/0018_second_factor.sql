-- 0018_second_factor: one-time codes of an authenticator app beside the password.

CREATE TABLE second_factor (
  account_id    BIGINT        NOT NULL,
  secret_sealed VARBINARY(200) NOT NULL COMMENT 'the base32 text that the app was given',
  last_step     BIGINT        NOT NULL DEFAULT 0 COMMENT 'half-minutes since 1970 of the last code that was taken: none is taken twice',
  created_at    DATETIME      NOT NULL,
  enrolled_at   DATETIME      NULL COMMENT 'when a first code proved that the app has it; NULL: not yet, and nobody is asked for one',
  PRIMARY KEY (account_id)
) ENGINE=InnoDB;

CREATE TABLE recovery_code (
  account_id    BIGINT        NOT NULL,
  code_hash     BINARY(32)    NOT NULL COMMENT 'keyed; the row goes when the code is used',
  PRIMARY KEY (account_id, code_hash)
) ENGINE=InnoDB;

CREATE TABLE sign_in_step (
  token_hash    BINARY(32)    NOT NULL,
  account_id    BIGINT        NOT NULL,
  version       INT           NOT NULL COMMENT 'of the account: a new password is asked for anew',
  expires_at    DATETIME      NOT NULL,
  PRIMARY KEY (token_hash),
  KEY expires (expires_at)
) ENGINE=InnoDB COMMENT='Browsers in which the password was right and the code is awaited: no session.';
