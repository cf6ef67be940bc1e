-- Split: refunds leave the payments for a table of their own.
CREATE TABLE bill.refund (
    payment_id bigint PRIMARY KEY,
    invoice_no text NOT NULL REFERENCES bill.invoice (invoice_no),
    amount bill.amount NOT NULL,
    booked date NOT NULL
);
INSERT INTO bill.refund SELECT payment_id, invoice_no, amount, booked FROM bill.payment WHERE kind = 'refund';
DELETE FROM bill.payment WHERE kind = 'refund';
ALTER TABLE bill.payment DROP COLUMN kind;
GRANT SELECT, INSERT, UPDATE ON bill.refund TO ehr_app;
