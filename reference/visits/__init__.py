"""Visits of a patient: open, admitted, discharged or cancelled."""
