-- Backfilled: the nights of each stay. The stamp stays as it was, since nobody changed an encounter.
ALTER TABLE adt.encounter ADD COLUMN nights integer;
ALTER TABLE adt.encounter DISABLE TRIGGER encounter_stamped;
UPDATE adt.encounter SET nights = discharged - admitted WHERE discharged IS NOT NULL;
ALTER TABLE adt.encounter ENABLE TRIGGER encounter_stamped;
