-- 0013_dropout_figures: figures of units are counted from one key, without the rows.

ALTER TABLE dropout_case
  ADD KEY figures (township_id, school_id, class_id, discovered_on, state, open_student, due_at, late, relapse_no, reported_at);
