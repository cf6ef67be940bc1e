-- The roles of the hospital's cluster. A DBA makes them once; no migration script does.
CREATE ROLE ehr_app NOLOGIN;
CREATE ROLE ehr_lab NOLOGIN;
CREATE ROLE ehr_report NOLOGIN;
