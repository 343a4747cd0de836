-- A second file, as an upgrade brings it: forward only, the first is never edited once it was applied somewhere.

ALTER TABLE scholarship_payment ADD COLUMN paid_on DATE NULL AFTER due_on;
