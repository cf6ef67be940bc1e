CREATE SCHEMA rx;
CREATE SCHEMA bill;

CREATE TABLE rx.drug (
    atc text PRIMARY KEY,
    title text NOT NULL,
    controlled boolean NOT NULL DEFAULT false,
    max_daily_mg numeric(10, 2)
);

CREATE TABLE rx.interaction (
    atc_a text NOT NULL REFERENCES rx.drug (atc),
    atc_b text NOT NULL REFERENCES rx.drug (atc),
    severity smallint NOT NULL,
    PRIMARY KEY (atc_a, atc_b),
    CHECK (atc_a < atc_b)
);

CREATE SEQUENCE rx.order_numbers AS integer;
CREATE TABLE rx.med_order (
    order_no integer PRIMARY KEY DEFAULT nextval('rx.order_numbers'),
    encounter_no bigint NOT NULL,
    admitted date NOT NULL,
    atc text NOT NULL REFERENCES rx.drug (atc),
    ordered_at timestamptz NOT NULL,
    prescriber text NOT NULL,
    stopped_at timestamptz,
    FOREIGN KEY (encounter_no, admitted) REFERENCES adt.encounter (encounter_no, admitted)
);
ALTER SEQUENCE rx.order_numbers OWNED BY rx.med_order.order_no;

CREATE TABLE rx.dose (
    order_no integer NOT NULL REFERENCES rx.med_order (order_no),
    dose_no smallint NOT NULL,
    mg numeric(10, 3) NOT NULL CONSTRAINT dose_is_positive CHECK (mg > 0),
    given_at timestamptz,
    given_by text,
    PRIMARY KEY (order_no, dose_no)
);

CREATE DOMAIN bill.amount AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE SEQUENCE bill.invoice_numbers START 50000;

CREATE TABLE bill.payer (
    payer_id smallint PRIMARY KEY,
    title text NOT NULL,
    plan_code text,
    CONSTRAINT payer_once UNIQUE NULLS NOT DISTINCT (title, plan_code)
);

CREATE TABLE bill.invoice (
    invoice_no text PRIMARY KEY DEFAULT 'R' || nextval('bill.invoice_numbers'),
    encounter_no bigint NOT NULL,
    admitted date NOT NULL,
    payer_id smallint NOT NULL REFERENCES bill.payer (payer_id),
    issued date NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'void')),
    FOREIGN KEY (encounter_no, admitted) REFERENCES adt.encounter (encounter_no, admitted)
);

CREATE TABLE bill.invoice_line (
    invoice_no text NOT NULL REFERENCES bill.invoice (invoice_no),
    line_no smallint NOT NULL,
    service text NOT NULL,
    quantity integer NOT NULL,
    unit_price bill.amount NOT NULL,
    total numeric(14, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    PRIMARY KEY (invoice_no, line_no)
);

CREATE TABLE bill.payment (
    payment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_no text NOT NULL REFERENCES bill.invoice (invoice_no),
    kind text NOT NULL CHECK (kind IN ('payment', 'refund')),
    amount bill.amount NOT NULL,
    booked date NOT NULL
);
