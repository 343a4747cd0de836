-- 0014_attendance_more: from when on the ladder of a child is to be computed again.

ALTER TABLE ladder_touch
  ADD COLUMN since DATE NULL COMMENT 'what changed is as long ago; NULL: lately';
