"""One formula, four readings: what a calculation did, shown as a derivation, Excel text or mathematics."""
