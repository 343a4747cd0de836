-- 0017_sessions: sessions that their owner sees and ends one by one, and that end when nobody uses them.

ALTER TABLE session
  ADD id            BIGINT       NOT NULL DEFAULT 0 COMMENT 'how the list of them calls it: the hash of the token is told to nobody',
  ADD used_at       DATETIME     NULL COMMENT 'give or take five minutes; NULL: when it began',
  ADD idle_minutes  INT          NOT NULL DEFAULT 0 COMMENT 'without use until it ends, as the rule said when it began; 0: expires_at alone',
  MODIFY agent      VARCHAR(255) NOT NULL;

UPDATE session SET id = CONV(LEFT(HEX(token_hash), 15), 16, 10);
