-- Renamed: the pharmacy's orders are prescriptions, as the new release calls them.
ALTER TABLE rx.med_order RENAME TO prescription;
ALTER TABLE rx.prescription RENAME COLUMN prescriber TO prescribed_by;
